import { Button, Field, makeStyles, Radio, RadioGroup, Switch } from '@fluentui/react-components';
import { useRef, useState } from 'react';
import type { HubRoute } from '../../api/contract.ts';
import { useSaveRoute, useTestRoute } from '../../api/hub-routing.ts';
import { CodeField } from '../../components/code-field.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { FormDialog } from '../../components/form-dialog.tsx';
import { StateWord } from '../../components/state-word.tsx';
import { conditionProblem, offsetOf } from './condition-place.ts';
import { EndpointChoice, eventsName } from './endpoint-choice.tsx';

const useStyles = makeStyles({
  line: { display: 'flex', flexWrap: 'wrap', gap: '12px', alignItems: 'center', marginTop: '8px' },
});

export const sourceWords: Readonly<Record<string, string>> = {
  DeviceMessages: 'Device telemetry messages',
  TwinChangeEvents: 'Twin change events',
  DeviceLifecycleEvents: 'Device lifecycle events',
  DeviceConnectionStateEvents: 'Device connection state events',
  DigitalTwinChangeEvents: 'Digital twin change events',
  DeviceJobLifecycleEvents: 'Device job lifecycle events',
};

type Props = { hub: string; destinations: readonly string[]; present?: HubRoute; onClose: () => void };
type Problems = { name?: string | undefined; endpoints?: string | undefined };

const fresh: HubRoute = { name: '', source: 'DeviceMessages', condition: '', endpointNames: [eventsName], isEnabled: true };

/** A new route, or one that is there. Rendered only while it is open. */
export function EditRoute({ hub, destinations, present, onClose }: Props) {
  const save = useSaveRoute(hub);
  const [draft, setDraft] = useState<HubRoute>(present ?? fresh);
  const [problems, setProblems] = useState<Problems>({});
  const change = (next: Partial<HubRoute>) => setDraft({ ...draft, ...next });

  function submit() {
    const found: Problems = {
      name: draft.name.trim() === '' ? 'Enter a name.' : undefined,
      endpoints: draft.endpointNames.length === 0 ? 'Choose at least one.' : undefined,
    };
    setProblems(found);
    const wrong = Object.entries(found).find(([, problem]) => problem !== undefined)?.[0];
    if (wrong === undefined) save.mutate({ ...draft, name: draft.name.trim() }, { onSuccess: onClose });
    return wrong;
  }

  return (
    <FormDialog
      title={present ? `Change ${present.name}` : 'Add a route'}
      verb={present ? 'Save' : 'Add'}
      failure="The route was not saved"
      error={save.error}
      isBusy={save.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      {!present && (
        <CodeField
          label="Name"
          name="name"
          required
          value={draft.name}
          problem={problems.name}
          onChange={(name) => change({ name })}
        />
      )}
      <Field label="Data source">
        <RadioGroup value={draft.source} onChange={(_event, data) => change({ source: data.value })}>
          {Object.entries(sourceWords).map(([source, words]) => (
            <Radio key={source} value={source} label={words} />
          ))}
        </RadioGroup>
      </Field>
      <Condition condition={draft.condition} onChange={(condition) => change({ condition })} />
      <EndpointChoice
        names={[eventsName, ...destinations]}
        chosen={draft.endpointNames}
        problem={problems.endpoints}
        onChange={(endpointNames) => change({ endpointNames })}
      />
      <Switch label="Enabled" checked={draft.isEnabled} onChange={(_event, data) => change({ isEnabled: data.checked })} />
    </FormDialog>
  );
}

/** Checked where it stands: what is wrong is marked in the text. */
function Condition({ condition, onChange }: { condition: string; onChange: (condition: string) => void }) {
  const styles = useStyles();
  const test = useTestRoute();
  const frame = useRef<HTMLDivElement>(null);
  const isOfThis = test.variables === condition;
  const wrong = isOfThis && test.data ? conditionProblem(test.data) : undefined;
  const check = () =>
    test.mutate(condition, {
      onSuccess: (answer) => {
        const problem = conditionProblem(answer);
        const area = frame.current?.querySelector('textarea');
        if (!problem || !area) return;
        area.focus();
        area.setSelectionRange(offsetOf(condition, problem.start), offsetOf(condition, problem.end));
      },
    });
  return (
    <div ref={frame}>
      {test.isError && <ErrorMessage title="The condition was not checked" error={test.error} />}
      <CodeField
        label="Condition"
        name="condition"
        rows={3}
        hint="Which events it takes, such as level = 'high' AND $body.temperature > 30. Left empty, all."
        value={condition}
        problem={wrong?.words}
        onChange={onChange}
      />
      <div className={styles.line}>
        <Button size="small" disabledFocusable={test.isPending} onClick={check}>
          Check condition
        </Button>
        <span role="status">
          {isOfThis && test.data && !wrong && <StateWord tone="good">The condition can be read.</StateWord>}
        </span>
      </div>
    </div>
  );
}
