// Load for memcached's text protocol, as h2load makes it for HTTP/2: each connection keeps a fixed
// number of requests under way and sends a new one for each answer. Checks every byte that comes.
//
//   memcached_load PORT CONNECTIONS DEPTH MILLISECONDS get|set KEY VALUE_BYTES
//
// Prints one line of JSON: calls, seconds, and the latencies p50, p99 and p99.9 in microseconds.
// Single-threaded; its time belongs to the load's core.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum {
  connections_max = 1024,
  depth_max = 1024,
  value_bytes_max = 64 * 1024,
  read_bytes = 256 * 1024,
  // One bucket a microsecond; what takes longer than a second is counted in the last one.
  latency_us_max = 1000 * 1000,
};

struct connection {
  int fd;
  size_t reply_offset;           // how much of the answer that is coming has come
  size_t unsent;                 // bytes of requests that the socket did not take yet
  unsigned oldest, under_way;    // a ring of the times at which requests were made
  uint64_t sent_ns[depth_max];
};

static struct connection connections[connections_max];
static uint64_t latencies[latency_us_max + 1];
static char *request, *reply;
static size_t request_bytes, reply_bytes;
// DEPTH requests in a row: requests that wait are a suffix of it, whatever their number.
static char *requests;
static unsigned depth;

static void fail(const char *what) {
  fprintf(stderr, "memcached_load: %s: %s\n", what, errno ? strerror(errno) : "wrong answer");
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static int connect_to(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
  if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0) fail("TCP_NODELAY");
  return fd;
}

static void flush(struct connection *c) {
  while (c->unsent > 0) {
    ssize_t sent = send(c->fd, requests + depth * request_bytes - c->unsent, c->unsent,
                        MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (sent <= 0) fail("send");
    c->unsent -= (size_t)sent;
  }
}

static void ask(struct connection *c, unsigned count, uint64_t now) {
  for (unsigned i = 0; i < count; i++) {
    c->sent_ns[(c->oldest + c->under_way++) % depth] = now;
  }
  c->unsent += count * request_bytes;
  flush(c);
}

// Compares what came with what must come; returns how many answers are complete.
static unsigned take(struct connection *c, const char *bytes, size_t count, uint64_t now) {
  unsigned complete = 0;
  while (count > 0) {
    size_t piece = reply_bytes - c->reply_offset;
    if (piece > count) piece = count;
    errno = 0;
    if (memcmp(bytes, reply + c->reply_offset, piece) != 0) fail("reply");
    bytes += piece, count -= piece, c->reply_offset += piece;
    if (c->reply_offset < reply_bytes) break;
    c->reply_offset = 0;
    uint64_t us = (now - c->sent_ns[c->oldest]) / 1000;
    latencies[us < latency_us_max ? us : latency_us_max]++;
    c->oldest = (c->oldest + 1) % depth;
    c->under_way--;
    complete++;
  }
  return complete;
}

static unsigned percentile(uint64_t calls, double part) {
  uint64_t wanted = (uint64_t)((double)calls * part), seen = 0;
  for (unsigned us = 0; us <= latency_us_max; us++) {
    if ((seen += latencies[us]) > wanted) return us;
  }
  return latency_us_max;
}

static void prepare(const char *operation, const char *key, size_t value_bytes) {
  char *value = malloc(value_bytes);
  request = malloc(value_bytes + strlen(key) + 64);
  reply = malloc(value_bytes + strlen(key) + 64);
  if (!value || !request || !reply) fail("malloc");
  memset(value, 'v', value_bytes);
  if (strcmp(operation, "get") == 0) {
    request_bytes = (size_t)sprintf(request, "get %s\r\n", key);
    reply_bytes = (size_t)sprintf(reply, "VALUE %s 0 %zu\r\n", key, value_bytes);
    memcpy(reply + reply_bytes, value, value_bytes);
    memcpy(reply + reply_bytes + value_bytes, "\r\nEND\r\n", 7);
    reply_bytes += value_bytes + 7;
  } else {
    request_bytes = (size_t)sprintf(request, "set %s 0 0 %zu\r\n", key, value_bytes);
    memcpy(request + request_bytes, value, value_bytes);
    memcpy(request + request_bytes + value_bytes, "\r\n", 2);
    request_bytes += value_bytes + 2;
    reply_bytes = (size_t)sprintf(reply, "STORED\r\n");
  }
  requests = malloc(depth * request_bytes);
  if (!requests) fail("malloc");
  for (unsigned i = 0; i < depth; i++) {
    memcpy(requests + i * request_bytes, request, request_bytes);
  }
  free(value);
}

int main(int count, char **arguments) {
  if (count != 8) {
    fprintf(stderr, "usage: memcached_load PORT CONNECTIONS DEPTH MILLISECONDS get|set KEY "
                    "VALUE_BYTES\n");
    return 64;
  }
  int port = atoi(arguments[1]), clients = atoi(arguments[2]);
  depth = (unsigned)atoi(arguments[3]);
  uint64_t length_ns = strtoull(arguments[4], NULL, 10) * 1000000;
  size_t value_bytes = strtoull(arguments[7], NULL, 10);
  if (clients < 1 || clients > connections_max || depth < 1 || depth > depth_max ||
      value_bytes > value_bytes_max || strlen(arguments[6]) > 250) {
    fprintf(stderr, "memcached_load: an argument is out of range\n");
    return 64;
  }
  prepare(arguments[5], arguments[6], value_bytes);

  int poller = epoll_create1(0);
  if (poller < 0) fail("epoll_create1");
  for (int i = 0; i < clients; i++) {
    connections[i].fd = connect_to(port);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u32 = (uint32_t)i};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, connections[i].fd, &event) < 0) fail("epoll_ctl");
  }

  static char bytes[read_bytes];
  uint64_t began = now_ns(), now = began, calls = 0;
  for (int i = 0; i < clients; i++) ask(&connections[i], depth, now);
  while (now - began < length_ns) {
    struct epoll_event events[connections_max];
    int ready = epoll_wait(poller, events, connections_max, 1000);
    if (ready < 0 && errno != EINTR) fail("epoll_wait");
    now = now_ns();
    for (int i = 0; i < ready; i++) {
      struct connection *c = &connections[events[i].data.u32];
      flush(c);
      // Edge-triggered, so until there is no more; a short read says so without another call.
      for (;;) {
        ssize_t got = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN) break;
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) fail("recv");
        unsigned complete = take(c, bytes, (size_t)got, now);
        calls += complete;
        if (complete > 0) ask(c, complete, now);
        if ((size_t)got < sizeof bytes) break;
      }
    }
  }

  printf("{\"calls\": %llu, \"seconds\": %.6f, \"p50\": %u, \"p99\": %u, \"p99.9\": %u}\n",
         (unsigned long long)calls, (double)(now - began) / 1e9, percentile(calls, 0.5),
         percentile(calls, 0.99), percentile(calls, 0.999));
  return 0;
}
