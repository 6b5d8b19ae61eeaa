/* The echo of datagrams that the kernel would write: one socket, one buffer, blocking. Prints `listening on 127.0.0.1:PORT`; ends with its input. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), bytes = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof at;
  if (bind(fd, (struct sockaddr *)&at, length) != 0) return 1;
  getsockname(fd, (struct sockaddr *)&at, &length);
  printf("listening on 127.0.0.1:%d\n", ntohs(at.sin_port));
  fflush(stdout);
  static unsigned char buffer[65536];
  struct pollfd polled[2] = {{.fd = fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
  for (;;) {
    poll(polled, 2, -1);
    if (polled[1].revents != 0) return 0;
    for (;;) {
      struct sockaddr_in from;
      socklen_t size = sizeof from;
      ssize_t got = recvfrom(fd, buffer, sizeof buffer, 0, (struct sockaddr *)&from, &size);
      if (got < 0) break;
      sendto(fd, buffer, got, 0, (struct sockaddr *)&from, size);
    }
  }
}
