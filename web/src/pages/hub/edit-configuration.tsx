import { Button, makeStyles } from '@fluentui/react-components';
import { useState } from 'react';
import type { HubConfiguration } from '../../api/contract.ts';
import { useSaveHubConfiguration, useTestCondition } from '../../api/hub-jobs.ts';
import { CodeField } from '../../components/code-field.tsx';
import { FormDialog } from '../../components/form-dialog.tsx';
import { StateWord } from '../../components/state-word.tsx';
import { readObject } from './json-draft.ts';

const useStyles = makeStyles({ line: { display: 'flex', flexWrap: 'wrap', gap: '12px', alignItems: 'center' } });

type Draft = { id: string; priority: string; condition: string; content: string };
type Problems = Partial<Record<keyof Draft, string | undefined>>;

const contentExample = '{\n  "deviceContent": {\n    "properties.desired.interval": 60\n  }\n}';

/** A new configuration, or one that is there, whose content stays as it was made. Rendered only while it is open. */
export function EditConfiguration({ hub, present, onClose }: { hub: string; present?: HubConfiguration; onClose: () => void }) {
  const save = useSaveHubConfiguration(hub);
  const [problems, setProblems] = useState<Problems>({});
  const [draft, setDraft] = useState<Draft>({
    id: present?.id ?? '',
    priority: String(present?.priority ?? 0),
    condition: present?.targetCondition ?? '',
    content: present ? JSON.stringify(present.content, null, 2) : contentExample,
  });
  const change = (next: Partial<Draft>) => setDraft({ ...draft, ...next });

  function submit() {
    const content = readObject(draft.content);
    const priority = Number(draft.priority);
    const found: Problems = {
      id: draft.id.trim() === '' ? 'Enter an ID.' : undefined,
      priority: Number.isInteger(priority) && priority >= 0 ? undefined : 'Enter a whole number from 0.',
      content: content.problem,
    };
    setProblems(found);
    const wrong = Object.entries(found).find(([, problem]) => problem !== undefined)?.[0];
    if (wrong === undefined && content.value) {
      save.mutate(
        {
          id: draft.id.trim(),
          etag: present?.etag,
          ...(!present && { content: content.value }),
          targetCondition: draft.condition.trim(),
          priority,
        },
        { onSuccess: onClose },
      );
    }
    return wrong;
  }

  return (
    <FormDialog
      title={present ? `Change ${present.id}` : 'Create a configuration'}
      verb={present ? 'Save' : 'Create'}
      failure={present ? 'The configuration was not changed' : 'The configuration was not created'}
      error={save.error}
      isBusy={save.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      {!present && (
        <CodeField
          label="Configuration ID"
          name="id"
          required
          hint="Lower-case letters, digits and - : + % _ # * ? ! ( ) , = @ $ '."
          value={draft.id}
          problem={problems.id}
          onChange={(id) => change({ id })}
        />
      )}
      <CodeField
        label="Priority"
        name="priority"
        hint="Of several that are meant for a device, it gets the one with the highest."
        value={draft.priority}
        problem={problems.priority}
        onChange={(priority) => change({ priority })}
      />
      <CodeField
        label="Target condition"
        name="condition"
        rows={2}
        hint="Which devices it is meant for, such as tags.hall = 2. Left empty, none; a star is all."
        value={draft.condition}
        onChange={(condition) => change({ condition })}
      />
      <CheckCondition hub={hub} condition={draft.condition} />
      <CodeField
        label="Content"
        name="content"
        rows={7}
        readOnly={present !== undefined}
        {...(present ? { hint: 'It stays as it was made: for another content, create another configuration.' } : {})}
        value={draft.content}
        problem={problems.content}
        onChange={(content) => change({ content })}
      />
    </FormDialog>
  );
}

function CheckCondition({ hub, condition }: { hub: string; condition: string }) {
  const styles = useStyles();
  const test = useTestCondition(hub);
  const isOfThis = test.variables === condition;
  return (
    <div className={styles.line}>
      <Button size="small" disabledFocusable={test.isPending} onClick={() => test.mutate(condition)}>
        Check condition
      </Button>
      <span role="status">
        {isOfThis && test.data === '' && <StateWord tone="good">The condition can be read.</StateWord>}
        {isOfThis && test.data && (
          <StateWord tone="bad" isLong>
            {test.data}
          </StateWord>
        )}
      </span>
    </div>
  );
}
