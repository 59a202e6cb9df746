import { makeStyles, tokens } from '@fluentui/react-components';
import type { DeviceCommand } from '../../api/contract.ts';
import { JsonView } from '../../components/json-view.tsx';
import { StateWord } from '../../components/state-word.tsx';

const useStyles = makeStyles({
  frame: { display: 'flex', flexDirection: 'column', gap: '8px', minWidth: 0 },
  code: { fontVariantNumeric: 'tabular-nums', fontWeight: tokens.fontWeightSemibold },
});

/** What the device answered: its code and its body. */
export function CommandAnswer({ command }: { command: DeviceCommand }) {
  const styles = useStyles();
  return (
    <div className={styles.frame} role="status" aria-label="Response">
      <AnswerWord command={command} />
      {command.response !== undefined && <JsonView label="Response" text={JSON.stringify(command.response, null, 2)} />}
    </div>
  );
}

export function AnswerWord({ command }: { command: DeviceCommand }) {
  const styles = useStyles();
  const failure = command['x-homeport-failure'];
  if (failure)
    return (
      <StateWord tone="bad" isLong>
        {failure.message}
      </StateWord>
    );
  const code = command.responseCode;
  if (code === undefined) return <StateWord tone="quiet">No response</StateWord>;
  return (
    <StateWord tone={code >= 200 && code < 300 ? 'good' : 'bad'}>
      Response code <span className={styles.code}>{code}</span>
    </StateWord>
  );
}
