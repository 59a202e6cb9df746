"""A module on Apache Qpid Proton, for module-inputs.test.ts: SASL PLAIN with a token, one message at an input; prints it."""

import json
import sys

from proton import SSLDomain, symbol
from proton.handlers import MessagingHandler
from proton.reactor import Container

options = json.loads(sys.argv[1])
seen = []


class Module(MessagingHandler):
    def __init__(self):
        super().__init__(prefetch=0, auto_accept=False, auto_settle=False)

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
        # Inputs are received where telemetry is sent.
        receiver = event.container.create_receiver(connection, f"/devices/{options['deviceId']}/modules/m/messages/events")
        receiver.flow(1)

    def on_message(self, event):
        message = event.message
        seen.append([message.annotations[symbol("x-opt-input-name")], message.address, bytes(message.body).decode()])
        self.accept(event.delivery)
        event.connection.close()

    def on_link_error(self, event):
        seen.append([event.link.remote_condition.name, event.link.remote_condition.description])

    def on_transport_error(self, event):
        seen.append([event.transport.condition.name, event.transport.condition.description])


Container(Module()).run()
print(json.dumps(seen))
