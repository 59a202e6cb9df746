/* One device: TCP, TLS, CONNECT, and from then on QoS 1 messages and their PUBACKs. */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { payload_length = 256, keep_alive_seconds = 1100, text_max = 512 };

/* The body, and where its digits are. The count begins at a thousand million, since a JSON number has no zeros in front. */
static const char body[] = "{\"n\":1000000000,\"Temperature\":20.00,\"Humidity\":40.00,\"note\":\"";
enum { count_at = 5, count_digits = 10, temperature_at = 31, humidity_at = 48 };

static SSL_CTX *context;
static int epoll_fd;

void connections_prepare(int epoll) {
  epoll_fd = epoll;
  context = SSL_CTX_new(TLS_client_method());
  if (!context) fail("OpenSSL gave no context");
  int version = options.tls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
  SSL_CTX_set_min_proto_version(context, version);
  SSL_CTX_set_max_proto_version(context, version);
  /* Who the server is does not matter to a load, and checking it would cost this side what the other is measured by. */
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  if (SSL_CTX_use_certificate_chain_file(context, options.certificate) != 1) fail("%s holds no certificate", options.certificate);
  if (SSL_CTX_use_PrivateKey_file(context, options.key, SSL_FILETYPE_PEM) != 1) fail("%s holds no private key", options.key);
}

static uint8_t *put_text(uint8_t *at, const char *text) {
  size_t length = strlen(text);
  *at++ = (uint8_t)(length >> 8);
  *at++ = (uint8_t)length;
  memcpy(at, text, length);
  return at + length;
}

static size_t put_remaining_length(uint8_t *at, size_t length) {
  size_t count = 0;
  do {
    at[count] = (uint8_t)(length % 128 + (length >= 128 ? 128 : 0));
    length /= 128;
    count++;
  } while (length > 0);
  return count;
}

static void *allocate(size_t count, size_t size) {
  void *memory = calloc(count, size);
  if (!memory) fail("there is no memory for %zu bytes", count * size);
  return memory;
}

static void device_id(const struct connection *connection, char *target) {
  snprintf(target, text_max, "%s%05d", options.prefix, connection->number);
}

void connection_prepare(struct connection *connection, int number) {
  char id[text_max], topic[2 * text_max];
  memset(connection, 0, sizeof *connection);
  connection->number = number;
  connection->fd = -1;
  device_id(connection, id);
  snprintf(topic, sizeof topic, "devices/%s/messages/events/", id);
  size_t remaining = 2 + strlen(topic) + 2 + payload_length;
  uint8_t *message = allocate(1, remaining + 5);
  message[0] = 0x32; /* PUBLISH, QoS 1 */
  uint8_t *at = put_text(message + 1 + put_remaining_length(message + 1, remaining), topic);
  connection->packet_id_at = (size_t)(at - message);
  connection->values_at = connection->packet_id_at + 2;
  connection->message_length = connection->values_at + payload_length;
  char *payload = (char *)message + connection->values_at;
  memset(payload, 'x', payload_length);
  memcpy(payload, body, sizeof body - 1);
  memcpy(payload + payload_length - 2, "\"}", 2);
  connection->message = message;
  connection->out_capacity = connection->message_length * (size_t)options.window + 3 * text_max;
  connection->out = allocate(1, connection->out_capacity);
  uint32_t places = 16;
  while (places < 4 * (uint32_t)options.window) places *= 2;
  connection->sent_at = allocate(places, sizeof *connection->sent_at);
  connection->sent_at_mask = places - 1;
}

static void want(struct connection *connection, uint32_t interest) {
  if (connection->interest == interest) return;
  struct epoll_event event = {.events = interest, .data.ptr = connection};
  if (epoll_ctl(epoll_fd, connection->interest ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, connection->fd, &event) != 0)
    fail("epoll: %s", strerror(errno));
  connection->interest = interest;
}

void connection_open(struct connection *connection) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
  if (inet_pton(AF_INET, options.host, &address.sin_addr) != 1) fail("%s is not an IPv4 address", options.host);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (fd < 0) fail("connection %d: %s", connection->number, strerror(errno));
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS)
    fail("connection %d: %s:%d: %s", connection->number, options.host, options.port, strerror(errno));
  connection->fd = fd;
  connection->stage = CONNECTING;
  connection->interest = 0;
  connection->partial_length = connection->out_length = connection->out_done = 0;
  connection->ssl = SSL_new(context);
  if (!connection->ssl || SSL_set_fd(connection->ssl, fd) != 1) fail("OpenSSL gave no connection");
  SSL_set_connect_state(connection->ssl);
  want(connection, EPOLLIN | EPOLLOUT);
}

static void close_connection(struct connection *connection) {
  SSL_free(connection->ssl);
  close(connection->fd);
  connection->ssl = NULL;
  connection->fd = -1;
  connection->stage = CLOSED;
}

/* What OpenSSL says of a call that did not go through; returns when it only has to wait. */
static void wait_or_fail(struct connection *connection, int result, const char *doing) {
  int error = SSL_get_error(connection->ssl, result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    want(connection, error == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLIN | EPOLLOUT);
    return;
  }
  const char *reason = ERR_reason_error_string(ERR_peek_error());
  fail("connection %d: the server ended it while %s: %s", connection->number, doing, reason ? reason : "closed");
}

static void flush(struct connection *connection) {
  while (connection->out_done < connection->out_length) {
    size_t length = connection->out_length - connection->out_done;
    if (options.separate && connection->stage == OPEN && length > connection->message_length) length = connection->message_length;
    int result = SSL_write(connection->ssl, connection->out + connection->out_done, (int)length);
    if (result <= 0) {
      wait_or_fail(connection, result, "writing");
      return;
    }
    connection->out_done += (size_t)result;
  }
  connection->out_done = connection->out_length = 0;
  want(connection, EPOLLIN);
}

static void send_connect(struct connection *connection) {
  char id[text_max], user[4 * text_max];
  device_id(connection, id);
  snprintf(user, sizeof user, "%s/%s/?api-version=2021-04-12%s%s", options.hub, id, *options.model ? "&model-id=" : "", options.model);
  size_t remaining = 10 + 2 + strlen(id) + 2 + strlen(user);
  if (remaining + 5 > connection->out_capacity) fail("the names are too long");
  uint8_t *at = connection->out;
  *at++ = 0x10;
  at += put_remaining_length(at, remaining);
  at = put_text(at, "MQTT");
  *at++ = 4;    /* 3.1.1 */
  *at++ = 0x82; /* user name, clean session */
  *at++ = keep_alive_seconds >> 8;
  *at++ = keep_alive_seconds & 0xff;
  at = put_text(put_text(at, id), user);
  connection->out_length = (size_t)(at - connection->out);
  connection->stage = CONNACK_DUE;
  flush(connection);
}

static void put_digits(uint8_t *at, uint32_t number, int count) {
  while (count-- > 0) {
    at[count] = (uint8_t)('0' + number % 10);
    number /= 10;
  }
}

/* d.dd */
static void put_fraction(uint8_t *at, uint32_t hundredths) {
  put_digits(at, hundredths / 100, 1);
  put_digits(at + 2, hundredths % 100, 2);
}

static void append_message(struct connection *connection, uint64_t now) {
  if (connection->out_length + connection->message_length > connection->out_capacity) {
    connection->out_length -= connection->out_done;
    memmove(connection->out, connection->out + connection->out_done, connection->out_length);
    connection->out_done = 0;
    if (connection->out_length + connection->message_length > connection->out_capacity)
      fail("connection %d: the server takes nothing", connection->number);
  }
  uint8_t *at = connection->out + connection->out_length;
  memcpy(at, connection->message, connection->message_length);
  if (++connection->packet_id == 0) connection->packet_id = 1;
  at[connection->packet_id_at] = (uint8_t)(connection->packet_id >> 8);
  at[connection->packet_id_at + 1] = (uint8_t)connection->packet_id;
  uint8_t *values = at + connection->values_at;
  uint32_t n = ++connection->sent;
  put_digits(values + count_at, 1000000000 + n, count_digits);
  put_fraction(values + temperature_at, n * 7 % 1000);
  put_fraction(values + humidity_at, n * 3 % 1000);
  connection->out_length += connection->message_length;
  uint64_t *place = &connection->sent_at[connection->packet_id & connection->sent_at_mask];
  if (*place) fail("connection %d: packet id %u is still in flight", connection->number, connection->packet_id);
  *place = now;
  connection->in_flight++;
}

void connection_publish(struct connection *connection, int count) {
  uint64_t now = now_ns();
  for (int i = 0; i < count; i++) append_message(connection, now);
  flush(connection);
}

void connection_leave(struct connection *connection) {
  connection->out[0] = 0xe0;
  connection->out[1] = 0;
  connection->out_length = 2;
  connection->out_done = 0;
  connection->stage = LEAVING;
  flush(connection);
}

static bool take_packet(struct connection *connection, const uint8_t *packet) {
  if (connection->stage == CONNACK_DUE) {
    if (packet[0] != 0x20 || packet[1] != 2) fail("connection %d: no CONNACK", connection->number);
    if (packet[3] != 0) fail("connection %d: refused with CONNACK %d", connection->number, packet[3]);
    connection->stage = OPEN;
    on_open(connection);
    return false;
  }
  if (packet[0] != 0x40 || packet[1] != 2) fail("connection %d: a packet that is no PUBACK", connection->number);
  uint64_t *place = &connection->sent_at[((packet[2] << 8) | packet[3]) & (int)connection->sent_at_mask];
  if (!*place) fail("connection %d: a PUBACK for nothing in flight", connection->number);
  on_acknowledged(connection, *place);
  *place = 0;
  connection->in_flight--;
  return true;
}

static void read_packets(struct connection *connection) {
  uint8_t bytes[16 * 1024];
  int acknowledged = 0;
  for (;;) {
    memcpy(bytes, connection->partial, connection->partial_length);
    int result = SSL_read(connection->ssl, bytes + connection->partial_length, (int)(sizeof bytes - connection->partial_length));
    if (result <= 0) {
      if (SSL_get_error(connection->ssl, result) == SSL_ERROR_WANT_READ) break;
      if (connection->stage != LEAVING) wait_or_fail(connection, result, "reading");
      ERR_clear_error();
      close_connection(connection);
      on_left(connection);
      return;
    }
    size_t length = connection->partial_length + (size_t)result, at = 0;
    for (; at + 4 <= length; at += 4) acknowledged += take_packet(connection, bytes + at);
    connection->partial_length = length - at;
    memcpy(connection->partial, bytes + at, connection->partial_length);
  }
  if (acknowledged > 0) on_acknowledged_all(connection, acknowledged);
}

void connection_event(struct connection *connection, uint32_t events) {
  if (connection->stage == CONNECTING) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) fail("connection %d: %s:%d: %s", connection->number, options.host, options.port, strerror(error));
    connection->stage = HANDSHAKING;
  }
  if (connection->stage == HANDSHAKING) {
    int result = SSL_do_handshake(connection->ssl);
    if (result == 1) send_connect(connection);
    else wait_or_fail(connection, result, "shaking hands");
    return;
  }
  if (events & EPOLLOUT) flush(connection);
  if (events & ~(uint32_t)EPOLLOUT) read_packets(connection);
}
