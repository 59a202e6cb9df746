"""A device on Apache Qpid Proton, for proton.test.ts: SASL PLAIN with a token, telemetry, messages; prints what it saw."""

import json
import sys

from proton import Message, SSLDomain, int32, symbol
from proton.handlers import MessagingHandler
from proton.reactor import Container

options = json.loads(sys.argv[1])
seen = {"accepted": 0, "rejected": None, "messages": [], "refused": None, "mechanism": None}


class Device(MessagingHandler):
    def __init__(self):
        super().__init__(prefetch=0, auto_accept=False, auto_settle=False)
        self.sent = 0

    def on_start(self, event):
        domain = SSLDomain(SSLDomain.MODE_CLIENT)
        domain.set_trusted_ca_db(options["ca"])
        domain.set_peer_authentication(SSLDomain.VERIFY_PEER)
        connection = event.container.connect(
            f"amqps://{options['host']}:{options['port']}",
            ssl_domain=domain,
            user=options["user"],
            password=options["token"],
            allowed_mechs="PLAIN",
            virtual_host=options["hub"],
            reconnect=False,
        )
        device = options["deviceId"]
        self.sender = event.container.create_sender(connection, f"/devices/{device}/messages/events")
        self.receiver = event.container.create_receiver(connection, f"/devices/{device}/messages/devicebound")
        event.container.create_sender(connection, "/devices/somebody-else/messages/events")

    def on_connection_opened(self, event):
        seen["mechanism"] = event.transport.sasl().mech

    def on_sendable(self, event):
        if event.sender != self.sender or self.sent > 0:
            return
        for number in range(options["count"]):
            message = Message(
                id=number,
                subject="ignored",
                content_type="application/json",
                properties={"number": int32(number), "text": "a & b"},
                annotations={symbol("dt-subject"): "part"},
                body=json.dumps({"n": number}).encode(),
                inferred=True,
            )
            event.sender.send(message)
        event.sender.send(Message(body=b"x" * 300_000, inferred=True))
        self.sent = options["count"] + 1

    def on_accepted(self, event):
        seen["accepted"] += 1
        self.after(event)

    def on_rejected(self, event):
        seen["rejected"] = event.delivery.remote.condition.name
        self.after(event)

    def after(self, _event):
        if seen["accepted"] == options["count"] and seen["rejected"]:
            self.receiver.flow(10)

    def on_message(self, event):
        message = event.message
        seen["messages"].append([bytes(message.body).decode(), message.properties["a"]])
        if len(seen["messages"]) == 1:
            self.release(event.delivery, delivered=True)
        else:
            self.accept(event.delivery)
            event.connection.close()

    def on_link_error(self, event):
        seen["refused"] = event.link.remote_condition.name


Container(Device()).run()
print(json.dumps(seen))
