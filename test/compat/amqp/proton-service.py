"""A back end on Apache Qpid Proton, for proton-service.test.ts: the links of `az iot device c2d-message send` and
`az iot hub monitor-feedback`, which sign in by SASL PLAIN as a policy; prints what it saw."""

import json
import sys

from proton import Message, SSLDomain
from proton.handlers import MessagingHandler
from proton.reactor import Container

options = json.loads(sys.argv[1])
seen = {"accepted": 0, "rejected": [], "batches": [], "failed": None}


class BackEnd(MessagingHandler):
    def __init__(self):
        super().__init__(prefetch=0, auto_accept=False)
        self.sent = 0

    def on_start(self, event):
        domain = SSLDomain(SSLDomain.MODE_CLIENT)
        domain.set_trusted_ca_db(options["ca"])
        domain.set_peer_authentication(SSLDomain.VERIFY_PEER)
        hub = options["hub"]
        connection = event.container.connect(
            f"amqps://{options['host']}:{options['port']}",
            ssl_domain=domain,
            user=options["user"],
            password=options["token"],
            allowed_mechs="PLAIN",
            virtual_host=hub,
            reconnect=False,
        )
        self.sender = event.container.create_sender(connection, f"amqps://{hub}/messages/devicebound")
        self.receiver = event.container.create_receiver(connection, f"amqps://{hub}/messages/servicebound/feedback")

    def on_sendable(self, event):
        if self.sent > 0:
            return
        for device, message_id in options["messages"]:
            event.sender.send(
                Message(
                    id=message_id,
                    address=f"/devices/{device}/messages/devicebound",
                    content_encoding="utf-8",
                    properties={"iothub-ack": "full", "colour": "red"},
                    body=b"from proton",
                    inferred=True,
                )
            )
            self.sent += 1

    def on_accepted(self, event):
        seen["accepted"] += 1
        self.after()

    def on_rejected(self, event):
        condition = event.delivery.remote.condition
        seen["rejected"].append([condition.name, condition.info["com.microsoft:error-code"]])
        self.after()

    def after(self):
        if seen["accepted"] + len(seen["rejected"]) == self.sent:
            print("sent", flush=True)
            self.receiver.flow(10)

    def on_message(self, event):
        message = event.message
        records = json.loads(bytes(message.body))
        seen["batches"].append(
            {
                "contentType": message.content_type,
                "userId": bytes(message.user_id).decode(),
                "tag": len(event.delivery.tag.encode("utf-8", "surrogateescape")),
                "annotations": sorted(message.annotations.keys()),
                "records": [[record["originalMessageId"], record["statusCode"]] for record in records],
            }
        )
        if len(seen["batches"]) == 1:
            self.release(event.delivery, delivered=True)
        else:
            self.accept(event.delivery)
            event.connection.close()

    def on_transport_error(self, event):
        seen["failed"] = event.transport.condition.name


Container(BackEnd()).run()
print(json.dumps(seen))
