import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { EyeRegular } from '@fluentui/react-icons/svg/eye';
import { EyeOffRegular } from '@fluentui/react-icons/svg/eye-off';
import type { HubPolicyKeys } from '../../api/contract.ts';
import { usePolicyKeys } from '../../api/hub-overview.ts';
import { CodeText } from '../../components/code-text.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { type Fact, Facts } from '../../components/facts.tsx';

const useStyles = makeStyles({
  frame: { display: 'flex', flexDirection: 'column', gap: '12px', alignItems: 'flex-start', minWidth: 0 },
  text: { color: tokens.colorNeutralForeground2, maxWidth: '72ch', margin: 0 },
});

/** Shown when somebody asks for them, because whoever reads one can be the back end; gone with the page. */
export function PolicyKeys({ hub, policy }: { hub: string; policy: string }) {
  const styles = useStyles();
  const read = usePolicyKeys(hub, policy);
  return (
    <div className={styles.frame}>
      {read.isError && <ErrorMessage title="The keys could not be read" error={read.error} />}
      {read.data ? (
        <Facts facts={factsOf(read.data)} />
      ) : (
        <p className={styles.text}>Whoever reads one of its keys can do what the policy {policy} allows, also when signed out.</p>
      )}
      {/* One button, so that the focus stays on it. */}
      <Button
        icon={read.data ? <EyeOffRegular /> : <EyeRegular />}
        disabledFocusable={read.isPending}
        onClick={() => (read.data ? read.reset() : read.mutate())}
      >
        {read.data ? 'Hide keys' : 'Show keys and connection strings'}
      </Button>
    </div>
  );
}

function factsOf({ keys, connectionStrings, eventConnectionStrings }: HubPolicyKeys): Fact[] {
  const shown: [string, string][] = [
    ['Primary key', keys.primary],
    ['Secondary key', keys.secondary],
    ['Primary connection string', connectionStrings.primary],
    ['Secondary connection string', connectionStrings.secondary],
  ];
  if (eventConnectionStrings) {
    shown.push(['Primary connection string of the events', eventConnectionStrings.primary]);
    shown.push(['Secondary connection string of the events', eventConnectionStrings.secondary]);
  }
  return shown.map(([name, text]) => ({ name, value: <CodeText text={text} copyLabel={`Copy ${name.toLowerCase()}`} /> }));
}
