import type { GroupRow } from '../../api/contract.ts';
import { StateWord } from '../../components/state-word.tsx';

export function groupTypeWords(type: GroupRow['type']): string {
  return type === 'iot' ? 'IoT devices' : 'IoT Edge devices';
}

export function attestationWords(type: GroupRow['attestationType']): string {
  return type === 'x509' ? 'Certificates (X.509)' : 'Shared access signature (SAS)';
}

export function CertificateStateWord({ state }: { state: GroupRow['certificateState'] }) {
  switch (state) {
    case 'Verified':
      return <StateWord tone="good">Verified</StateWord>;
    case 'Unverified':
      return <StateWord tone="warning">Needs verification</StateWord>;
    case 'None':
      return <StateWord tone="quiet">None</StateWord>;
  }
}
