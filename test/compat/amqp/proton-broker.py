"""A peer that takes messages, on Qpid Proton. Prints what it gets, a line of JSON each; rejects and releases what says so."""

import json
import os
import sys

from proton import Delivery
from proton.handlers import MessagingHandler
from proton.reactor import Container


class Broker(MessagingHandler):
    def __init__(self, options):
        super().__init__(auto_accept=False, prefetch=options.get("credit", 10))
        self.options = options
        self.released = set()

    def on_start(self, event):
        self.acceptor = event.container.listen(self.options["address"])
        print(json.dumps({"listening": True}), flush=True)

    def on_link_opening(self, event):
        address = event.link.remote_target.address
        event.link.target.address = address
        if "largest" in self.options:
            event.link.max_message_size = self.options["largest"]
        print(json.dumps({"address": address, "user": event.transport.user}), flush=True)

    def on_message(self, event):
        message = event.message
        body = bytes(message.body).decode()
        if body == "poison":
            self.update(event.delivery, Delivery.REJECTED)
            return
        if body == "die":
            event.container.schedule(0.2, self)
            return
        if body == "later" and body not in self.released:
            self.released.add(body)
            self.release(event.delivery, delivered=False)
            return
        print(
            json.dumps(
                {
                    "body": body,
                    "id": message.id,
                    "contentType": message.content_type,
                    "properties": message.properties,
                    "annotations": {str(name): str(value) for name, value in (message.annotations or {}).items()},
                    "to": message.address,
                }
            ),
            flush=True,
        )
        self.accept(event.delivery)

    def on_timer_task(self, event):
        os._exit(1)

    def update(self, delivery, state):
        delivery.update(state)
        delivery.settle()


Container(Broker(json.loads(sys.argv[1]))).run()
