import { Button, makeStyles, Subtitle2, tokens } from '@fluentui/react-components';
import { EyeRegular } from '@fluentui/react-icons/svg/eye';
import { EyeOffRegular } from '@fluentui/react-icons/svg/eye-off';
import { useConnectionStrings } from '../../api/hub-devices.ts';
import { CodeText } from '../../components/code-text.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Facts } from '../../components/facts.tsx';
import { RenewKey } from './renew-key.tsx';

const useStyles = makeStyles({
  section: { display: 'flex', flexDirection: 'column', gap: '12px', alignItems: 'flex-start', minWidth: 0 },
  text: { color: tokens.colorNeutralForeground2, maxWidth: '72ch' },
});

/** Shown when somebody asks for them, because whoever reads one can be the device; gone with the page. */
export function ConnectionStrings({ hub, id }: { hub: string; id: string }) {
  const styles = useStyles();
  const read = useConnectionStrings(hub, id);
  return (
    <section className={styles.section} aria-labelledby="connection-strings">
      <Subtitle2 as="h2" id="connection-strings">
        Connection strings
      </Subtitle2>
      {read.isError && <ErrorMessage title="The connection strings could not be read" error={read.error} />}
      {read.data ? (
        <Facts
          facts={[
            {
              name: 'Primary connection string',
              value: <CodeText text={read.data.primary} copyLabel="Copy primary connection string" />,
            },
            {
              name: 'Secondary connection string',
              value: <CodeText text={read.data.secondary} copyLabel="Copy secondary connection string" />,
            },
          ]}
        />
      ) : (
        <p className={styles.text}>They hold the device’s keys: whoever reads one can be the device.</p>
      )}
      {/* One button, so that the focus stays on it. */}
      <Button
        icon={read.data ? <EyeOffRegular /> : <EyeRegular />}
        disabledFocusable={read.isPending}
        onClick={() => (read.data ? read.reset() : read.mutate())}
      >
        {read.data ? 'Hide connection strings' : 'Show connection strings'}
      </Button>
      <RenewKey hub={hub} id={id} onRenewed={() => read.reset()} />
    </section>
  );
}
