import { Button, makeStyles, Subtitle2, tokens } from '@fluentui/react-components';
import { AddRegular } from '@fluentui/react-icons/svg/add';
import { CertificateRegular } from '@fluentui/react-icons/svg/certificate';
import { DeleteRegular } from '@fluentui/react-icons/svg/delete';
import { useState } from 'react';
import type { Hub, HubCertificate } from '../../api/contract.ts';
import { useHubCertificateActions, useHubCertificates } from '../../api/hub-certificates.ts';
import { useMay } from '../../api/session.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Loading } from '../../components/loading.tsx';
import { Page } from '../../components/page.tsx';
import { TableFrame } from '../../components/table-frame.tsx';
import { paths } from '../../paths.ts';
import { CertificateDetails, CertificateFacts } from '../permissions/certificate-facts.tsx';
import { ProvePossession } from '../permissions/prove-possession.tsx';
import { VerifiedSince } from '../permissions/verified-since.tsx';
import { AddHubCertificate } from './add-hub-certificate.tsx';
import { HubStrip } from './hub-strip.tsx';
import { WithHub } from './with-hub.tsx';

const useStyles = makeStyles({
  card: {
    display: 'flex',
    flexDirection: 'column',
    gap: '16px',
    padding: '16px',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
    minWidth: 0,
  },
  head: { display: 'flex', alignItems: 'center', gap: '8px' },
  push: { marginLeft: 'auto' },
  columns: {
    display: 'grid',
    gridTemplateColumns: 'repeat(2, minmax(0, 1fr))',
    gap: '24px',
    '@media (max-width: 960px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  column: { display: 'flex', flexDirection: 'column', gap: '16px', minWidth: 0 },
});

const title = 'CA certificates';

/** The CAs whose devices a hub lets in. */
export function HubCertificatesPage() {
  return <WithHub title={title}>{(hub) => <Certificates key={hub.name} hub={hub} />}</WithHub>;
}

function Certificates({ hub }: { hub: Hub }) {
  const certificates = useHubCertificates(hub.name);
  const mayWrite = useMay('hub-certificates.write');
  const [isAdding, setAdding] = useState(false);
  const add = () => setAdding(true);
  return (
    <Page
      title={title}
      crumbs={[{ label: 'IoT hubs', to: paths.hubs() }]}
      actions={
        mayWrite && (
          <Button appearance="primary" icon={<AddRegular />} aria-label="+ Add" onClick={add}>
            Add
          </Button>
        )
      }
      intro="A device signs in with a certificate that one of these issued, once somebody has shown that the CA is theirs."
    >
      <HubStrip hub={hub} />
      {certificates.isError && (
        <ErrorMessage
          title="The certificates could not be loaded"
          error={certificates.error}
          onRetry={() => void certificates.refetch()}
        />
      )}
      {certificates.isPending && <Loading />}
      {certificates.data?.length === 0 && (
        <TableFrame label={title}>
          <EmptyState
            icon={<CertificateRegular />}
            title="No CA certificate yet"
            command="homeport hub certificate upload --name factory --path ca.pem"
            {...(mayWrite && { action: <Button onClick={add}>Add a CA certificate</Button> })}
          >
            Devices that sign in with a key or with a thumbprint need none.
          </EmptyState>
        </TableFrame>
      )}
      {certificates.data?.map((certificate) => (
        <CertificateCard key={certificate.id} hub={hub.name} certificate={certificate} mayWrite={mayWrite} />
      ))}
      {isAdding && (
        <AddHubCertificate hub={hub.name} taken={certificates.data?.map(({ id }) => id) ?? []} onClose={() => setAdding(false)} />
      )}
    </Page>
  );
}

type CardProps = { hub: string; certificate: HubCertificate; mayWrite: boolean };

function CertificateCard({ hub, certificate, mayWrite }: CardProps) {
  const styles = useStyles();
  const actions = useHubCertificateActions(hub, certificate.id);
  const [isDeleting, setDeleting] = useState(false);
  return (
    <section className={styles.card} aria-label={certificate.id}>
      <div className={styles.head}>
        <Subtitle2 as="h2">{certificate.id}</Subtitle2>
        {mayWrite && (
          <Button
            className={styles.push}
            appearance="subtle"
            icon={<DeleteRegular />}
            aria-label={`Delete ${certificate.id}`}
            title={`Delete ${certificate.id}`}
            onClick={() => setDeleting(true)}
          />
        )}
      </div>
      {actions.remove.isError && <ErrorMessage title="The certificate was not deleted" error={actions.remove.error} />}
      {certificate.verified && <VerifiedSince certificate={certificate} />}
      <div className={styles.columns}>
        <div className={styles.column}>
          <CertificateFacts certificate={certificate} />
          {certificate.verified && <CertificateDetails certificate={certificate} />}
        </div>
        {!certificate.verified && mayWrite ? (
          <ProvePossession key={certificate.info.sha1Thumbprint} actions={actions} />
        ) : (
          !certificate.verified && <CertificateDetails certificate={certificate} />
        )}
      </div>
      {isDeleting && (
        <ConfirmDialog
          title={`Delete ${certificate.id}?`}
          verb="Delete certificate"
          onClose={() => setDeleting(false)}
          onConfirm={() => {
            setDeleting(false);
            actions.remove.mutate();
          }}
        >
          Devices whose certificates come from this CA are disconnected and refused from then on.
        </ConfirmDialog>
      )}
    </section>
  );
}
