import { useState } from 'react';
import { useSaveEnrichment } from '../../api/hub-routing.ts';
import { CodeField } from '../../components/code-field.tsx';
import { FormDialog } from '../../components/form-dialog.tsx';
import { EndpointChoice, eventsName } from './endpoint-choice.tsx';

type Problems = { key?: string | undefined; value?: string | undefined; endpoints?: string | undefined };

/** A property that is added to events on their way. Rendered only while it is open. */
export function NewEnrichment({
  hub,
  destinations,
  onClose,
}: {
  hub: string;
  destinations: readonly string[];
  onClose: () => void;
}) {
  const save = useSaveEnrichment(hub);
  const [draft, setDraft] = useState({ key: '', value: '', endpointNames: [eventsName] });
  const [problems, setProblems] = useState<Problems>({});

  function submit() {
    const found: Problems = {
      key: draft.key.trim() === '' ? 'Enter a name.' : undefined,
      value: draft.value === '' ? 'Enter a value.' : undefined,
      endpoints: draft.endpointNames.length === 0 ? 'Choose at least one.' : undefined,
    };
    setProblems(found);
    const wrong = Object.entries(found).find(([, problem]) => problem !== undefined)?.[0];
    if (wrong === undefined) save.mutate({ ...draft, key: draft.key.trim() }, { onSuccess: onClose });
    return wrong;
  }

  return (
    <FormDialog
      title="Add an enrichment"
      verb="Add"
      failure="The enrichment was not added"
      error={save.error}
      isBusy={save.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      <CodeField
        label="Name"
        name="key"
        required
        value={draft.key}
        problem={problems.key}
        onChange={(key) => setDraft({ ...draft, key })}
      />
      <CodeField
        label="Value"
        name="value"
        required
        hint="A text, $iothubname, or a member of the sender’s twin such as $twin.tags.hall."
        value={draft.value}
        problem={problems.value}
        onChange={(value) => setDraft({ ...draft, value })}
      />
      <EndpointChoice
        names={[eventsName, ...destinations]}
        chosen={draft.endpointNames}
        problem={problems.endpoints}
        onChange={(endpointNames) => setDraft({ ...draft, endpointNames })}
      />
    </FormDialog>
  );
}
