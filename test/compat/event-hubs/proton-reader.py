"""A reader on Apache Qpid Proton, for proton.test.ts: SASL PLAIN, a selector named by its symbol, events; prints what it saw."""

import json
import sys

from proton import Described, SSLDomain, symbol
from proton.handlers import MessagingHandler
from proton.reactor import Container, Filter

options = json.loads(sys.argv[1])
seen = {"bodies": [], "types": {}, "condition": None}
SELECTOR = symbol("apache.org:selector-filter:string")


class Reader(MessagingHandler):
    def __init__(self):
        super().__init__(prefetch=10)

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
        position = Filter({SELECTOR: Described(SELECTOR, "amqp.annotation.x-opt-sequence-number > '4'")})
        event.container.create_receiver(connection, options["address"], options=position)
        event.container.create_receiver(connection, f"amqps://{options['hub']}/messages/events/$management", name="redirected")

    def on_message(self, event):
        seen["bodies"].append(json.loads(bytes(event.message.body)))
        for name, value in event.message.annotations.items():
            seen["types"][str(name)] = type(value).__name__
        if len(seen["bodies"]) == options["count"]:
            event.connection.close()

    def on_link_error(self, event):
        seen["condition"] = [event.link.remote_condition.name, int(event.link.remote_condition.info[symbol("port")])]


Container(Reader()).run()
print(json.dumps(seen))
