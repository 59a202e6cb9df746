/*
 * A load of MQTT devices over TLS, cheap enough that the server beside it is what is measured: one thread, epoll,
 * OpenSSL, nothing allocated per message.
 */
#ifndef LOAD_H
#define LOAD_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum stage { CLOSED, CONNECTING, HANDSHAKING, CONNACK_DUE, OPEN, LEAVING };

struct options {
  const char *mode, *host, *hub, *certificate, *key, *prefix, *model;
  int port, connections, window, rate, connecting_max;
  double seconds, warm_up_seconds;
  /* One write, so one TLS record, per message; otherwise one for all that may be sent. */
  bool separate;
  bool tls12;
};

struct connection {
  enum stage stage;
  int fd, number;
  uint32_t interest;
  SSL *ssl;
  /* A PUBLISH ready but for its packet id and values. */
  uint8_t *message;
  size_t message_length, packet_id_at, values_at;
  uint8_t *out;
  size_t out_length, out_done, out_capacity;
  /* The beginning of a packet whose rest has not arrived: all that we are sent has four bytes. */
  uint8_t partial[4];
  size_t partial_length;
  uint16_t packet_id;
  uint32_t sent;
  int in_flight;
  /* When the message of a packet id was written, 0 for none in flight; a power of two of places. */
  uint64_t *sent_at;
  uint32_t sent_at_mask;
};

extern struct options options;

/* What a mode does when something happens to a connection. */
void on_open(struct connection *connection);
void on_acknowledged(struct connection *connection, uint64_t sent_at);
void on_acknowledged_all(struct connection *connection, int count);
void on_left(struct connection *connection);

void connections_prepare(int epoll);
void connection_prepare(struct connection *connection, int number);
void connection_open(struct connection *connection);
void connection_event(struct connection *connection, uint32_t events);
/* Puts `count` messages in flight. */
void connection_publish(struct connection *connection, int count);
/* DISCONNECT; `on_left` follows when the server has closed. */
void connection_leave(struct connection *connection);

uint64_t now_ns(void);
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);

#endif
