/*
 * The far side of a TCP connection without Node in between: what it says comes from the kernel alone.
 *   peer PORT      connects to 127.0.0.1 and does what stdin says, a line for each word:
 *                  send N, receive (the next bytes), drain (all until the end), end, reset, room N (SO_RCVBUF, before connect)
 *   peer options   tells the options of the socket that is its descriptor 0
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char memory[1 << 16];

static int option(int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  if (getsockopt(0, level, name, &value, &size) != 0) return -1;
  return value;
}

static int tell_options(void) {
  int ipv6_only = option(IPPROTO_IPV6, IPV6_V6ONLY);
  printf("{\"noDelay\":%d,\"keepAlive\":%d,\"keepIdle\":%d,\"reusePort\":%d,\"ipv6Only\":%d}\n",
         option(IPPROTO_TCP, TCP_NODELAY), option(SOL_SOCKET, SO_KEEPALIVE), option(IPPROTO_TCP, TCP_KEEPIDLE),
         option(SOL_SOCKET, SO_REUSEPORT), ipv6_only);
  return 0;
}

static const char *name_of(int error) {
  switch (error) {
    case ECONNRESET: return "ECONNRESET";
    case EPIPE: return "EPIPE";
    case ECONNREFUSED: return "ECONNREFUSED";
    default: return strerror(error);
  }
}

static long send_all(int fd, long count) {
  long done = 0;
  while (done < count) {
    for (long i = 0; i < (long)sizeof memory; i++) memory[i] = (char)((done + i) % 251);
    long wanted = count - done < (long)sizeof memory ? count - done : (long)sizeof memory;
    ssize_t sent = send(fd, memory, (size_t)wanted, MSG_NOSIGNAL);
    if (sent < 0) return -1;
    done += sent;
  }
  return done;
}

int main(int argc, char **argv) {
  char line[64];
  long wrong = 0, total = 0;
  if (argc < 2) return 2;
  if (strcmp(argv[1], "options") == 0) return tell_options();
  setvbuf(stdout, NULL, _IOLBF, 0);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1]))};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
    printf("error %s\n", name_of(errno));
    return 1;
  }
  printf("connected\n");
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (strncmp(line, "send ", 5) == 0) {
      if (send_all(fd, atol(line + 5)) < 0) printf("error %s\n", name_of(errno));
      else printf("sent\n");
    } else if (strncmp(line, "receive", 7) == 0 || strncmp(line, "drain", 5) == 0) {
      int all = line[0] == 'd';
      for (;;) {
        ssize_t got = recv(fd, memory, sizeof memory, 0);
        for (long i = 0; i < got; i++) wrong += memory[i] != (char)((total + i) % 251);
        if (got > 0) total += got;
        if (got < 0) printf("error %s after %ld, %ld wrong\n", name_of(errno), total, wrong);
        else if (got == 0) printf("end after %ld, %ld wrong\n", total, wrong);
        else if (!all) printf("received %ld, %ld wrong\n", total, wrong);
        if (got <= 0 || !all) break;
      }
    } else if (strncmp(line, "end", 3) == 0) {
      shutdown(fd, SHUT_WR);
      printf("ended\n");
    } else if (strncmp(line, "reset", 5) == 0) {
      struct linger now = {.l_onoff = 1, .l_linger = 0};
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
      close(fd);
      printf("reset\n");
    }
  }
  return 0;
}
