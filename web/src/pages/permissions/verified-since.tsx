import { MessageBar, MessageBarBody, MessageBarTitle } from '@fluentui/react-components';
import type { SigningCertificate } from '../../api/contract.ts';
import { RelativeTime } from '../../components/relative-time.tsx';

/** That a CA is trusted, since when, by whose doing, and whether anybody saw proof. */
export function VerifiedSince({ certificate }: { certificate: SigningCertificate }) {
  const { verifiedAt, verifiedBy, selfAttested } = certificate.info;
  return (
    <MessageBar intent="success" layout="multiline">
      <MessageBarBody>
        <MessageBarTitle>Verified</MessageBarTitle>
        {verifiedAt && <RelativeTime at={verifiedAt} />}
        {verifiedBy && ` by ${verifiedBy}`}
        {selfAttested === true && ', on upload and without proof of possession'}
      </MessageBarBody>
    </MessageBar>
  );
}
