import { parseSasToken } from '#wire/azure/sas-token.ts';

/** The hubs that a client can mean, by host name in lower case, `main` among them. */
export type HubsByHost<H> = { readonly main: H; readonly byHost: ReadonlyMap<string, H> };

/**
 * Which hub a CONNECT is for: the one that its user name names. A client may dial `localhost` or a gateway
 * and say so nowhere else; where the user name names no hub, the name that TLS asked for does. Everything
 * else is for `main` to judge.
 */
export function chooseMqttHub<H>(
  { main, byHost }: HubsByHost<H>,
  { userName = '', serverName }: { readonly userName: string | undefined; readonly serverName: string | undefined },
): H {
  return byHost.get(hostOf(userName)) ?? byHost.get(hostOf(serverName)) ?? main;
}

/**
 * Which hub an AMQP connection is for: the one that `open` or `sasl-init` names, or that TLS asked for. The user name of
 * SASL PLAIN ends in the short name of a hub (hub-device-protocol.md 5.1).
 */
export function chooseAmqpHub<H>(
  { main, byHost }: HubsByHost<H>,
  {
    hostName,
    serverName,
    userName = '',
  }: { readonly hostName: string | undefined; readonly serverName: string | undefined; readonly userName: string | undefined },
): H {
  const named = byHost.get(hostOf(hostName)) ?? byHost.get(hostOf(serverName));
  if (named !== undefined && (named !== main || userName === '')) return named;
  const shortName = userName
    .slice(userName.lastIndexOf('@') + 1)
    .replace(/^sas\.(?:root\.)?/i, '')
    .toLowerCase();
  for (const [host, hub] of byHost) if (shortName !== '' && host.split('.', 1)[0] === shortName) return hub;
  return main;
}

/** Which hub a token is for, by its resource; undefined for a token that names none of them. */
export function hubOfResource<H>({ byHost }: HubsByHost<H>, resource: string | undefined): H | undefined {
  return byHost.get(hostOf(resource));
}

/**
 * Which hub a request is for: an added one that it was sent to by name, in `Host` or in TLS. A request to
 * any other name is for the hub that its token was signed for, since a name below `localhost` cannot be
 * dialed everywhere. So a token takes nobody away from the hub that was dialed, which then refuses it.
 */
export function chooseHttpHub<H>(
  { main, byHost }: HubsByHost<H>,
  request: {
    readonly host: string | undefined;
    readonly serverName: string | undefined;
    readonly authorization: string | undefined;
  },
): H {
  for (const name of [request.host, request.serverName]) {
    const dialed = byHost.get(hostOf(name));
    if (dialed !== undefined && dialed !== main) return dialed;
  }
  return byHost.get(hostOf(parseSasToken(request.authorization ?? '')?.resource)) ?? main;
}

/** The host that a text begins with, without scheme and port; empty for none. */
function hostOf(text = ''): string {
  const bare = text.replace(/^[a-z]+:\/\//i, '');
  const slash = bare.indexOf('/');
  return (slash < 0 ? bare : bare.slice(0, slash)).replace(/:[0-9]{1,5}$/, '').toLowerCase();
}
