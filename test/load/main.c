/*
 * load MODE [--option value …]
 *
 *   load       every connection keeps --window messages in flight
 *   rate       --rate messages a second over all connections, however fast they are acknowledged
 *   handshake  every connection connects, is let in, leaves and begins again
 *   idle       connects and holds until standard input ends
 *
 * Prints a JSON object per line: {"event":"connected"}, {"event":"measuring"} after the warm-up, {"event":"measured"} at the
 * end of the measured time, {"event":"done"} with the figures when everything sent was acknowledged. Whatever
 * is not as it should be ends it with a sentence and code 1.
 */
#include "load.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum phase { CONNECTING_ALL, WARMING_UP, MEASURING, DRAINING, LEAVING_ALL, DONE };

struct options options = {
    .mode = "", .host = "127.0.0.1", .hub = "localhost", .certificate = "", .key = "", .prefix = "load-", .model = "",
    .port = 8883, .connections = 1, .window = 1, .rate = 1000, .connecting_max = 64, .seconds = 3, .warm_up_seconds = 1,
};

static struct connection *connections;
static enum phase phase;
static int epoll_fd, timer_fd = -1, next_to_open, opened, left, next_in_turn;
static uint64_t phase_ends, measuring_from, measured_ns, in_flight;
static uint64_t acknowledged, acknowledged_in_all, handshakes, missed;
static double own_cpu;
static uint32_t *latencies;
static size_t latency_count, latency_capacity;

void fail(const char *format, ...) {
  va_list values;
  va_start(values, format);
  fputs("error: ", stderr);
  vfprintf(stderr, format, values);
  fputc('\n', stderr);
  va_end(values);
  exit(1);
}

uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static bool is_mode(const char *name) { return strcmp(options.mode, name) == 0; }

static void say(const char *event) {
  printf("{\"event\":\"%s\"}\n", event);
  fflush(stdout);
}

static double cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + 1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void open_next(void) {
  if (next_to_open < options.connections) connection_open(&connections[next_to_open++]);
}

void on_open(struct connection *connection) {
  if (is_mode("handshake")) {
    if (phase == MEASURING) handshakes++;
    connection_leave(connection);
    return;
  }
  opened++;
  open_next();
}

void on_acknowledged(struct connection *connection, uint64_t sent_at) {
  (void)connection;
  acknowledged_in_all++;
  in_flight--;
  /* A message belongs to the measured time by its sending where latency is measured, else by its PUBACK. */
  if (phase == MEASURING) acknowledged++;
  if (latencies && sent_at >= measuring_from && measuring_from && latency_count < latency_capacity)
    latencies[latency_count++] = (uint32_t)((now_ns() - sent_at) / 1000);
}

static void publish(struct connection *connection, int count) {
  in_flight += (uint64_t)count;
  connection_publish(connection, count);
}

void on_acknowledged_all(struct connection *connection, int count) {
  if (is_mode("load") && (phase == WARMING_UP || phase == MEASURING)) publish(connection, count);
}

void on_left(struct connection *connection) {
  left++;
  if (is_mode("handshake") && phase < DRAINING) {
    left--;
    connection_open(connection);
  }
}

static void start_timer(void) {
  struct itimerspec every = {.it_interval = {0, 1000000000 / options.rate}, .it_value = {0, 1}};
  timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  if (timer_fd < 0 || timerfd_settime(timer_fd, 0, &every, NULL) != 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, timer_fd, &event) != 0)
    fail("timer: %s", strerror(errno));
}

/* Devices take turns. One with a full window misses its turn, and that is counted. */
static void send_due(void) {
  uint64_t due = 0;
  if (read(timer_fd, &due, sizeof due) != sizeof due || phase > MEASURING) return;
  while (due-- > 0) {
    struct connection *connection = &connections[next_in_turn++ % options.connections];
    if (connection->in_flight < options.window) publish(connection, 1);
    else missed++;
  }
}

static void begin_load(void) {
  if (is_mode("load"))
    for (int i = 0; i < options.connections; i++) publish(&connections[i], options.window);
  if (is_mode("rate")) start_timer();
}

static void hold(void) {
  char bytes[64];
  while (read(STDIN_FILENO, bytes, sizeof bytes) > 0) {
  }
  struct epoll_event event;
  if (epoll_wait(epoll_fd, &event, 1, 0) == 1 && event.events & (EPOLLHUP | EPOLLERR)) fail("the server ended a connection while it was idle");
  phase = DONE;
}

static uint64_t ns_of(double seconds) { return (uint64_t)(seconds * 1e9); }

static void leave_all(void) {
  phase = LEAVING_ALL;
  if (!is_mode("handshake"))
    for (int i = 0; i < options.connections; i++) connection_leave(&connections[i]);
}

static void advance(uint64_t now) {
  if (phase == CONNECTING_ALL && (opened == options.connections || is_mode("handshake"))) {
    say("connected");
    if (is_mode("idle")) {
      hold();
      return;
    }
    phase = WARMING_UP;
    phase_ends = now + ns_of(options.warm_up_seconds);
    begin_load();
  } else if (phase == WARMING_UP && now >= phase_ends) {
    phase = MEASURING;
    own_cpu = cpu_seconds();
    measuring_from = now;
    phase_ends = now + ns_of(options.seconds);
    say("measuring");
  } else if (phase == MEASURING && now >= phase_ends) {
    say("measured");
    own_cpu = cpu_seconds() - own_cpu;
    measured_ns = now - measuring_from;
    phase = DRAINING;
    phase_ends = now + ns_of(30);
  } else if (phase == DRAINING && in_flight == 0) {
    leave_all();
  } else if (phase >= DRAINING && now >= phase_ends) {
    fail("%llu messages were not acknowledged within 30 s", (unsigned long long)in_flight);
  }
  if (phase == LEAVING_ALL && left == options.connections) phase = DONE;
}

static int compare(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static double percentile_ms(double part) {
  if (latency_count == 0) return 0;
  return latencies[(size_t)(part * (double)(latency_count - 1))] / 1000.0;
}

static void print_figures(void) {
  printf("{\"event\":\"done\",\"seconds\":%.6f,\"ownCpuSeconds\":%.6f,\"acknowledged\":%llu,\"acknowledgedInAll\":%llu,\"handshakes\":%llu,\"missed\":%llu",
         (double)measured_ns / 1e9, own_cpu, (unsigned long long)acknowledged, (unsigned long long)acknowledged_in_all,
         (unsigned long long)handshakes, (unsigned long long)missed);
  if (latencies) {
    qsort(latencies, latency_count, sizeof *latencies, compare);
    printf(",\"latencyMs\":{\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"max\":%.3f}", percentile_ms(0.5), percentile_ms(0.9), percentile_ms(0.99), percentile_ms(1));
  }
  printf("}\n");
}

static double number_of(const char *name, const char *text, double min) {
  char *end;
  double value = strtod(text, &end);
  if (end == text || *end || !(value >= min)) fail("%s takes a number of at least %g, not %s", name, min, text);
  return value;
}

static void read_options(int count, char **words) {
  if (count < 2) fail("say what to do: load, rate, handshake or idle");
  options.mode = words[1];
  if (!is_mode("load") && !is_mode("rate") && !is_mode("handshake") && !is_mode("idle")) fail("there is no mode %s", options.mode);
  for (int i = 2; i < count; i++) {
    const char *name = words[i];
    if (strcmp(name, "--separate") == 0) { options.separate = true; continue; }
    if (strcmp(name, "--tls12") == 0) { options.tls12 = true; continue; }
    const char *value = i + 1 < count ? words[++i] : NULL;
    if (!value) fail("%s takes a value", name);
    else if (strcmp(name, "--host") == 0) options.host = value;
    else if (strcmp(name, "--hub") == 0) options.hub = value;
    else if (strcmp(name, "--certificate") == 0) options.certificate = value;
    else if (strcmp(name, "--key") == 0) options.key = value;
    else if (strcmp(name, "--prefix") == 0) options.prefix = value;
    else if (strcmp(name, "--model") == 0) options.model = value;
    else if (strcmp(name, "--port") == 0) options.port = (int)number_of(name, value, 1);
    else if (strcmp(name, "--connections") == 0) options.connections = (int)number_of(name, value, 1);
    else if (strcmp(name, "--window") == 0) options.window = (int)number_of(name, value, 1);
    else if (strcmp(name, "--rate") == 0) options.rate = (int)number_of(name, value, 2);
    else if (strcmp(name, "--connecting") == 0) options.connecting_max = (int)number_of(name, value, 1);
    else if (strcmp(name, "--seconds") == 0) options.seconds = number_of(name, value, 0.01);
    else if (strcmp(name, "--warm-up") == 0) options.warm_up_seconds = number_of(name, value, 0);
    else fail("there is no option %s", name);
  }
}

int main(int count, char **words) {
  read_options(count, words);
  epoll_fd = epoll_create1(0);
  if (epoll_fd < 0) fail("epoll: %s", strerror(errno));
  connections_prepare(epoll_fd);
  connections = calloc((size_t)options.connections, sizeof *connections);
  if (is_mode("rate")) {
    latency_capacity = (size_t)((options.seconds + 1) * options.rate) + 1024;
    latencies = calloc(latency_capacity, sizeof *latencies);
    if (!latencies) fail("there is no memory for the latencies");
  }
  if (!connections) fail("there is no memory for the connections");
  for (int i = 0; i < options.connections; i++) connection_prepare(&connections[i], i);
  int connecting = is_mode("handshake") ? options.connections : options.connecting_max;
  for (int i = 0; i < connecting; i++) open_next();

  struct epoll_event events[512];
  while (phase != DONE) {
    advance(now_ns());
    if (phase == DONE) break;
    int ready = epoll_wait(epoll_fd, events, 512, 5);
    if (ready < 0 && errno != EINTR) fail("epoll: %s", strerror(errno));
    for (int i = 0; i < ready; i++) {
      if (events[i].data.ptr) connection_event(events[i].data.ptr, events[i].events);
      else send_due();
    }
  }
  print_figures();
  return 0;
}
