import { Field, Radio, RadioGroup } from '@fluentui/react-components';
import { useState } from 'react';
import { type NewDestination, useCreateDestination } from '../../api/hub-routing.ts';
import { CodeField } from '../../components/code-field.tsx';
import { FormDialog } from '../../components/form-dialog.tsx';

type Type = NewDestination['type'];
type Draft = { name: string; type: Type; url: string; address: string };
type Problems = Partial<Record<keyof Draft, string | undefined>>;

export const destinationWords: Readonly<Record<Type, string>> = {
  webhook: 'Webhook',
  amqp: 'AMQP broker',
  files: 'Files of the hub',
};
const types: readonly Type[] = ['webhook', 'amqp', 'files'];

/** Somewhere that events can be routed to. Rendered only while it is open. */
export function NewDestinationDialog({ hub, onClose }: { hub: string; onClose: () => void }) {
  const create = useCreateDestination(hub);
  const [draft, setDraft] = useState<Draft>({ name: '', type: 'webhook', url: '', address: '' });
  const [problems, setProblems] = useState<Problems>({});
  const change = (next: Partial<Draft>) => setDraft({ ...draft, ...next });

  function submit() {
    const found: Problems = {
      name: draft.name.trim() === '' ? 'Enter a name.' : undefined,
      url: draft.type !== 'files' && draft.url.trim() === '' ? 'Enter an address.' : undefined,
      address:
        draft.type === 'amqp' && draft.address.trim() === '' ? 'Enter where messages are sent to at the broker.' : undefined,
    };
    setProblems(found);
    const wrong = Object.entries(found).find(([, problem]) => problem !== undefined)?.[0];
    if (wrong === undefined) create.mutate(askedOf(draft), { onSuccess: onClose });
    return wrong;
  }

  return (
    <FormDialog
      title="Add a destination"
      verb="Add"
      failure="The destination was not added"
      error={create.error}
      isBusy={create.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      <CodeField
        label="Name"
        name="name"
        required
        value={draft.name}
        problem={problems.name}
        onChange={(name) => change({ name })}
      />
      <Field label="Type">
        <RadioGroup
          value={draft.type}
          onChange={(_event, data) => change({ type: types.find((type) => type === data.value) ?? draft.type })}
        >
          {types.map((type) => (
            <Radio key={type} value={type} label={destinationWords[type]} />
          ))}
        </RadioGroup>
      </Field>
      {draft.type !== 'files' && (
        <CodeField
          label="URL"
          name="url"
          required
          hint={
            draft.type === 'webhook'
              ? 'https://…, where events are posted to. Only scheme, name and port are shown later.'
              : 'amqps://user:password@broker:5671. Only scheme, name and port are shown later.'
          }
          value={draft.url}
          problem={problems.url}
          onChange={(url) => change({ url })}
        />
      )}
      {draft.type === 'amqp' && (
        <CodeField
          label="Address"
          name="address"
          required
          hint="A queue, a topic or an exchange, in the broker’s words."
          value={draft.address}
          problem={problems.address}
          onChange={(address) => change({ address })}
        />
      )}
    </FormDialog>
  );
}

function askedOf({ name, type, url, address }: Draft): NewDestination {
  const trimmed = { name: name.trim(), url: url.trim() };
  switch (type) {
    case 'webhook':
      return { ...trimmed, type };
    case 'amqp':
      return { ...trimmed, type, address: address.trim() };
    case 'files':
      return { name: trimmed.name, type };
  }
}
