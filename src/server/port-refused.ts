import { errorCode } from '#storage/file-system.ts';
import { StartRefused } from './start-refused.ts';

/** What the system's refusal to bind a port means to the operator and what to do. */
export function portRefused(error: unknown, address: string, port: number): StartRefused {
  switch (errorCode(error)) {
    case 'EADDRINUSE':
      return new StartRefused(`Port ${port} of ${address} is taken.`, {
        why: 'Another program listens there. A second homeport needs an address of its own: --listen 127.0.0.2.',
        fix: `ss -ltnp 'sport = :${port}' shows who holds it`,
        cause: error,
      });
    case 'EACCES':
      return new StartRefused(`Port ${port} may not be bound.`, {
        why: 'Ports below 1024 need a privilege on this system.',
        fix: `sudo sysctl net.ipv4.ip_unprivileged_port_start=${port}`,
        cause: error,
      });
    case 'EADDRNOTAVAIL':
      return new StartRefused(`This machine has no address ${address}.`, {
        fix: 'ip -brief address shows which it has',
        cause: error,
      });
    default:
      return new StartRefused(`Port ${port} of ${address} could not be opened: ${String(error)}`, { cause: error });
  }
}
