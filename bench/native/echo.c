/*
 * The echo server that the kernel would write: one thread, one epoll, one buffer. What it costs is what an echo costs without a runtime.
 * Prints `listening on 127.0.0.1:PORT`; ends with its input.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 65536, EVENTS = 1024 };

/* What the kernel would not take of an answer, kept until it does; nothing is read meanwhile. */
struct rest {
  unsigned char *bytes;
  size_t at, length;
};

static unsigned char buffer[CHUNK];
static struct rest *rests;
static int poller;

static void watch(int fd, int operation, unsigned int events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  epoll_ctl(poller, operation, fd, &event);
}

static void leave(int fd) {
  free(rests[fd].bytes);
  rests[fd].bytes = NULL;
  close(fd);
}

static void echo(int fd) {
  ssize_t bytes = recv(fd, buffer, CHUNK, 0);
  if (bytes < 0 && errno == EAGAIN) return;
  if (bytes <= 0) return leave(fd);
  ssize_t done = send(fd, buffer, bytes, MSG_NOSIGNAL);
  if (done == bytes) return;
  if (done < 0 && errno != EAGAIN) return leave(fd);
  if (done < 0) done = 0;
  struct rest *rest = &rests[fd];
  rest->bytes = malloc(bytes - done);
  rest->at = 0;
  rest->length = bytes - done;
  memcpy(rest->bytes, buffer + done, rest->length);
  watch(fd, EPOLL_CTL_MOD, EPOLLOUT);
}

static void go_on(int fd) {
  struct rest *rest = &rests[fd];
  ssize_t done = send(fd, rest->bytes + rest->at, rest->length - rest->at, MSG_NOSIGNAL);
  if (done < 0 && errno != EAGAIN) return leave(fd);
  if (done > 0) rest->at += done;
  if (rest->at < rest->length) return;
  free(rest->bytes);
  rest->bytes = NULL;
  watch(fd, EPOLL_CTL_MOD, EPOLLIN);
}

static void welcome(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
  if (fd < 0) return;
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  watch(fd, EPOLL_CTL_ADD, EPOLLIN);
}

int main(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  rests = calloc(limit.rlim_max, sizeof *rests);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof at;
  if (bind(listener, (struct sockaddr *)&at, length) != 0 || listen(listener, 4096) != 0) return 1;
  getsockname(listener, (struct sockaddr *)&at, &length);
  printf("listening on 127.0.0.1:%d\n", ntohs(at.sin_port));
  fflush(stdout);
  poller = epoll_create1(0);
  watch(listener, EPOLL_CTL_ADD, EPOLLIN);
  watch(0, EPOLL_CTL_ADD, EPOLLIN);
  struct epoll_event events[EVENTS];
  for (;;) {
    int count = epoll_wait(poller, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) welcome(fd);
      else if (fd == 0) return 0;
      else if (rests[fd].bytes != NULL) go_on(fd);
      else echo(fd);
    }
  }
}
