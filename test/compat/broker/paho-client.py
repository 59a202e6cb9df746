"""A client of the broker door on Eclipse Paho, for paho.test.ts: does what a program would, and prints what it saw."""

import json
import sys
import threading

import paho.mqtt.client as mqtt

options = json.loads(sys.argv[1])
seen = {"granted": [], "messages": []}
subscribed = threading.Event()
arrived = threading.Event()


def connect(client_id, certificate, key, clean, on_message=None):
    client = mqtt.Client(client_id=client_id, clean_session=clean, protocol=mqtt.MQTTv311)
    client.tls_set(ca_certs=options["ca"], certfile=certificate, keyfile=key)
    answered = threading.Event()
    flags = {}

    def on_connect(_client, _data, session_flags, code):
        flags["code"] = code
        flags["present"] = session_flags["session present"]
        answered.set()

    client.on_connect = on_connect
    # Before it connects: what waited for it comes right behind CONNACK.
    client.on_message = on_message
    client.connect(options["host"], options["port"], keepalive=30)
    client.loop_start()
    assert answered.wait(15), "no CONNACK"
    assert flags["code"] == 0, flags
    return client, flags["present"]


def on_subscribe(_client, _data, _mid, granted):
    seen["granted"] = list(granted)
    subscribed.set()


def on_message(_client, _data, message):
    seen["messages"].append([message.topic, message.payload.decode(), message.qos, bool(message.retain)])
    if len(seen["messages"]) == options["expect"]:
        arrived.set()


subscriber, _ = connect(options["subscriber"], options["subscriberCertificate"], options["subscriberKey"], False, on_message)
subscriber.on_subscribe = on_subscribe
subscriber.subscribe([("paho/+", 2), ("paho/low/#", 0)])
assert subscribed.wait(15), "no SUBACK"
subscriber.loop_stop()
subscriber.disconnect()

publisher, _ = connect(options["publisher"], options["publisherCertificate"], options["publisherKey"], True)
for qos in (1, 2):
    info = publisher.publish(f"paho/{qos}", f"away {qos}", qos=qos)
    info.wait_for_publish(15)

again, present = connect(options["subscriber"], options["subscriberCertificate"], options["subscriberKey"], False, on_message)
seen["present"] = bool(present)
for qos in (0, 1, 2):
    info = publisher.publish(f"paho/low/{qos}", f"here {qos}", qos=qos, retain=True)
    info.wait_for_publish(15)
assert arrived.wait(15), seen
for client in (again, publisher):
    client.disconnect()
    client.loop_stop()
print(json.dumps(seen))
