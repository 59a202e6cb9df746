import { Checkbox, makeStyles, tokens } from '@fluentui/react-components';
import { StateWord } from '../../components/state-word.tsx';

const useStyles = makeStyles({
  group: { border: 'none', margin: 0, padding: 0, minWidth: 0, display: 'flex', flexDirection: 'column' },
  label: { padding: '0 0 4px', lineHeight: tokens.lineHeightBase300 },
});

type Props = {
  names: readonly string[];
  chosen: readonly string[];
  problem?: string | undefined;
  onChange: (chosen: string[]) => void;
};

/** Where events go: the hub's own endpoint, and the destinations that there are. A Field would give all its boxes one id. */
export function EndpointChoice({ names, chosen, problem, onChange }: Props) {
  const styles = useStyles();
  return (
    <fieldset className={styles.group}>
      <legend className={styles.label}>Goes to</legend>
      {names.map((name) => (
        <Checkbox
          key={name}
          name="endpoints"
          label={name === eventsName ? 'events (the hub’s own endpoint)' : name}
          checked={chosen.includes(name)}
          onChange={(_event, data) =>
            onChange(data.checked === true ? [...chosen, name] : chosen.filter((other) => other !== name))
          }
        />
      ))}
      {problem && (
        <span role="alert">
          <StateWord tone="bad">{problem}</StateWord>
        </span>
      )}
    </fieldset>
  );
}

export const eventsName = 'events';
