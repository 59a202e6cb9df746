import { makeStyles, tokens } from '@fluentui/react-components';
import type { ReactNode } from 'react';
import type { SigningCertificate } from '../../api/contract.ts';
import { CodeText } from '../../components/code-text.tsx';
import { StateWord } from '../../components/state-word.tsx';
import { exactWords } from '../../components/time-words.ts';

const useStyles = makeStyles({
  list: { display: 'flex', flexDirection: 'column', gap: '12px', margin: 0 },
  name: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  value: { margin: 0, overflowWrap: 'anywhere' },
});

type Props = { certificate: SigningCertificate };

/** What a person compares with the CA certificate at hand, and how the certificate stands. */
export function CertificateFacts({ certificate }: Props) {
  const { info } = certificate;
  return (
    <FactList
      facts={[
        ...(info.subject ? [{ name: 'Subject', value: info.subject }] : []),
        { name: 'Thumbprint', value: <CodeText text={info.sha1Thumbprint} copyLabel="Copy thumbprint" /> },
        ...(certificate.verified ? [] : [{ name: 'Status', value: <StateWord tone="warning">Needs verification</StateWord> }]),
      ]}
    />
  );
}

/** The rest of what is written in it. */
export function CertificateDetails({ certificate: { info } }: Props) {
  const facts: Fact[] = [];
  if (info.issuer) facts.push({ name: 'Issuer', value: info.issuer });
  if (info.notBefore && info.notAfter) {
    facts.push({ name: 'Valid', value: `${exactWords(Date.parse(info.notBefore))} to ${exactWords(Date.parse(info.notAfter))}` });
  }
  if (info.sha256Thumbprint) {
    facts.push({
      name: 'SHA-256 thumbprint',
      value: <CodeText text={info.sha256Thumbprint} copyLabel="Copy SHA-256 thumbprint" />,
    });
  }
  return <FactList facts={facts} />;
}

export type Fact = { name: string; value: ReactNode };

export function FactList({ facts }: { facts: Fact[] }) {
  const styles = useStyles();
  return (
    <dl className={styles.list}>
      {facts.map((fact) => (
        <div key={fact.name}>
          <dt className={styles.name}>{fact.name}</dt>
          <dd className={styles.value}>{fact.value}</dd>
        </div>
      ))}
    </dl>
  );
}
