import { makeStyles, Subtitle2, tokens } from '@fluentui/react-components';
import type { Hub, HubPolicy } from '../../api/contract.ts';
import { useHubPolicies } from '../../api/hub-overview.ts';
import { useMay } from '../../api/session.ts';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Loading } from '../../components/loading.tsx';
import { Page } from '../../components/page.tsx';
import { paths } from '../../paths.ts';
import { HubStrip } from './hub-strip.tsx';
import { PolicyKeys } from './policy-keys.tsx';
import { WithHub } from './with-hub.tsx';

const useStyles = makeStyles({
  card: {
    display: 'flex',
    flexDirection: 'column',
    gap: '12px',
    padding: '16px',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
    minWidth: 0,
  },
  text: { color: tokens.colorNeutralForeground2, margin: 0 },
});

const title = 'Shared access policies';

/** With what back ends sign in at a hub. */
export function HubPoliciesPage() {
  return <WithHub title={title}>{(hub) => <Policies key={hub.name} hub={hub} />}</WithHub>;
}

function Policies({ hub }: { hub: Hub }) {
  const policies = useHubPolicies(hub.name);
  return (
    <Page
      title={title}
      crumbs={[{ label: 'IoT hubs', to: paths.hubs() }]}
      intro="A back end signs in as one of these with its key. Give each the one that allows no more than it needs."
    >
      <HubStrip hub={hub} />
      {policies.isError && (
        <ErrorMessage title="The policies could not be loaded" error={policies.error} onRetry={() => void policies.refetch()} />
      )}
      {policies.isPending && <Loading />}
      {policies.data?.map((policy) => (
        <PolicyCard key={policy.name} hub={hub.name} policy={policy} />
      ))}
    </Page>
  );
}

function PolicyCard({ hub, policy: { name, rights } }: { hub: string; policy: HubPolicy }) {
  const styles = useStyles();
  const mayKeys = useMay('hubs.write');
  return (
    <section className={styles.card} aria-label={name}>
      <Subtitle2 as="h2">{name}</Subtitle2>
      <p className={styles.text}>{rights.map((right) => rightWords[right] ?? right).join(', ')}</p>
      {mayKeys && <PolicyKeys hub={hub} policy={name} />}
    </section>
  );
}

/** The names of the cloud's portal. */
const rightWords: Readonly<Record<string, string>> = {
  RegistryRead: 'Registry read',
  RegistryWrite: 'Registry write',
  ServiceConnect: 'Service connect',
  DeviceConnect: 'Device connect',
};
