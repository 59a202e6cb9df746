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

/** What is written in a CA certificate, as far as a person compares it. */
export function CertificateFacts({ certificate }: { certificate: SigningCertificate }) {
  const styles = useStyles();
  const { info } = certificate;
  const facts: { name: string; value: ReactNode }[] = [];
  if (info.subject) facts.push({ name: 'Subject', value: info.subject });
  facts.push({ name: 'Thumbprint', value: <CodeText text={info.sha1Thumbprint} copyLabel="Copy thumbprint" /> });
  if (!certificate.verified) facts.push({ name: 'Status', value: <StateWord tone="warning">Needs verification</StateWord> });
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
