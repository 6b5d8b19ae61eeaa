/*
 * The load: connections that ask and are answered, in a closed loop, in slices of time. It costs little and checks every byte of an echo.
 *
 *   load ADDRESS PORT CONNECTIONS DEPTH REQUEST RESPONSE [churn | datagrams]
 *
 * REQUEST and RESPONSE are bytes; DEPTH requests are under way on each connection. With `churn` each request has a connection of its own:
 * connect, ask, be answered, close. With `datagrams` a connection is a connected UDP socket; what is lost is asked again after a silence. Prints `ready`; then for each line `run MS` on its input drives the server so long, waits for the
 * answers under way, and prints `messages N`. Ends with its input. A wrong byte, a lost connection or a silent server is an exit code of 1.
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
#include <time.h>
#include <unistd.h>

enum { CHUNK = 1 << 18, EVENTS = 256, SILENCE_MS = 10000, LOST_MS = 200 };

struct connection {
  int fd;
  int waits_to_write;
  unsigned long long to_send;  /* bytes of requests not yet given to the kernel */
  unsigned long long sent;     /* bytes of the stream given to the kernel */
  unsigned long long received; /* bytes of the stream that came */
  unsigned long long answered; /* whole answers */
};

static struct sockaddr_in target;
static unsigned long connections, depth, request, response;
static int churn, datagrams, echoes, poller;
static struct connection *all;
static unsigned char *pattern; /* requests, one after the other, as far as a chunk reaches from any place in one */
static unsigned char *chunk;
static unsigned long long messages, under_way, opened;
static int running;

static void fail(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "wrong");
  exit(1);
}

static long long now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void watch(struct connection *c, int operation, unsigned int events) {
  struct epoll_event event = {.events = events, .data.ptr = c};
  if (epoll_ctl(poller, operation, c->fd, &event) != 0) fail("epoll_ctl");
}

static void write_requests(struct connection *c) {
  while (c->to_send > 0) {
    size_t most = datagrams ? request : CHUNK;
    size_t bytes = c->to_send < most ? c->to_send : most;
    ssize_t done = send(c->fd, pattern + c->sent % request, bytes, MSG_NOSIGNAL);
    if (done < 0) {
      if (errno != EAGAIN) fail("send");
      if (!c->waits_to_write) watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
      c->waits_to_write = 1;
      return;
    }
    c->sent += done;
    c->to_send -= done;
  }
  if (c->waits_to_write) watch(c, EPOLL_CTL_MOD, EPOLLIN);
  c->waits_to_write = 0;
}

static void ask(struct connection *c, unsigned long long count) {
  under_way += count;
  c->to_send += count * request;
  write_requests(c);
}

static void open_connection(struct connection *c) {
  memset(c, 0, sizeof *c);
  c->fd = socket(AF_INET, datagrams ? SOCK_DGRAM : SOCK_STREAM, 0);
  if (c->fd < 0) fail("socket");
  int one = 1;
  if (churn) {
    /* Many source addresses: one has too few ports for connections that linger in TIME_WAIT. */
    struct sockaddr_in from = {.sin_family = AF_INET};
    from.sin_addr.s_addr = htonl(0x7f000001 + opened++ % 64);
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(c->fd, (struct sockaddr *)&from, sizeof from) != 0) fail("bind");
  }
  if (connect(c->fd, (struct sockaddr *)&target, sizeof target) != 0) fail("connect");
  if (!datagrams) setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event) != 0) fail("epoll_ctl");
}

static void check_echo(struct connection *c, size_t bytes) {
  for (size_t at = 0; at < bytes;) {
    size_t part = bytes - at < CHUNK ? bytes - at : CHUNK;
    if (memcmp(chunk + at, pattern + (c->received + at) % request, part) != 0) fail("an echo differs");
    at += part;
  }
}

/* Whatever is under way has been lost. */
static void ask_again(void) {
  under_way = 0;
  for (unsigned long i = 0; i < connections; i++) {
    all[i].to_send = 0;
    if (running) ask(&all[i], depth);
  }
}

static void read_answers(struct connection *c) {
  ssize_t bytes = recv(c->fd, chunk, CHUNK, MSG_DONTWAIT);
  if (bytes < 0 && errno == EAGAIN) return;
  if (bytes <= 0) fail("recv");
  if (echoes) check_echo(c, bytes);
  c->received += bytes;
  unsigned long long whole = c->received / response, count = whole - c->answered;
  c->answered = whole;
  messages += count;
  under_way -= count < under_way ? count : under_way;
  if (count == 0) return;
  if (churn) {
    close(c->fd);
    if (running) {
      open_connection(c);
      ask(c, 1);
    }
  } else if (running) {
    ask(c, count);
  }
}

static void run(long long ms) {
  long long end = now_ms() + ms, heard = now_ms();
  struct epoll_event events[EVENTS];
  messages = 0;
  running = 1;
  for (unsigned long i = 0; i < connections; i++) {
    if (churn) open_connection(&all[i]);
    ask(&all[i], depth);
  }
  while (running || under_way > 0) {
    int count = epoll_wait(poller, events, EVENTS, 100);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    long long now = now_ms();
    if (count > 0) heard = now;
    if (now - heard > SILENCE_MS) { errno = 0; fail("the server is silent"); }
    if (datagrams && count == 0 && now - heard > LOST_MS) ask_again();
    if (now >= end) running = 0;
    for (int i = 0; i < count; i++) {
      struct connection *c = events[i].data.ptr;
      if (events[i].events & EPOLLOUT) write_requests(c);
      if (events[i].events & ~EPOLLOUT) read_answers(c);
    }
  }
  printf("messages %llu\n", messages);
  fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc < 7) fail("usage: load ADDRESS PORT CONNECTIONS DEPTH REQUEST RESPONSE [churn | datagrams]");
  target.sin_family = AF_INET;
  target.sin_port = htons(atoi(argv[2]));
  if (inet_pton(AF_INET, argv[1], &target.sin_addr) != 1) fail("address");
  connections = strtoul(argv[3], NULL, 10);
  depth = strtoul(argv[4], NULL, 10);
  request = strtoul(argv[5], NULL, 10);
  response = strtoul(argv[6], NULL, 10);
  churn = argc > 7 && strcmp(argv[7], "churn") == 0;
  datagrams = argc > 7 && strcmp(argv[7], "datagrams") == 0;
  echoes = request == response;
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);

  all = calloc(connections, sizeof *all);
  pattern = malloc(request + CHUNK);
  chunk = malloc(CHUNK);
  unsigned int random = 1;
  for (size_t i = 0; i < request + CHUNK; i++) {
    random = random * 1103515245 + 12345;
    pattern[i] = i < request ? random >> 16 : pattern[i - request];
  }
  poller = epoll_create1(0);
  if (!churn)
    for (unsigned long i = 0; i < connections; i++) open_connection(&all[i]);
  printf("ready\n");
  fflush(stdout);
  char line[64];
  while (fgets(line, sizeof line, stdin) != NULL) {
    long long ms;
    if (sscanf(line, "run %lld", &ms) == 1) run(ms);
  }
  return 0;
}
