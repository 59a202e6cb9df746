import { Field, Radio, RadioGroup } from '@fluentui/react-components';
import { useState } from 'react';
import { type JobPut, useCreateHubJob } from '../../api/hub-jobs.ts';
import { CodeField } from '../../components/code-field.tsx';
import { FormDialog } from '../../components/form-dialog.tsx';
import { readJson, readObject } from './json-draft.ts';

type JobType = JobPut['type'];
type Draft = { id: string; type: JobType; condition: string; twin: string; method: string; payload: string };
type Problems = Partial<Record<keyof Draft, string | undefined>>;

const twinExample = '{\n  "tags": {},\n  "properties": { "desired": {} }\n}';

/** Does the same to many devices. Rendered only while it is open. */
export function NewJob({ hub, onClose }: { hub: string; onClose: () => void }) {
  const create = useCreateHubJob(hub);
  const [problems, setProblems] = useState<Problems>({});
  const [draft, setDraft] = useState<Draft>({
    id: '',
    type: 'scheduleUpdateTwin',
    condition: '*',
    twin: twinExample,
    method: '',
    payload: '',
  });
  const change = (next: Partial<Draft>) => setDraft({ ...draft, ...next });

  function submit() {
    const { body, problems: found } = bodyOf(draft);
    setProblems(found);
    if (body) create.mutate({ id: draft.id.trim(), body }, { onSuccess: onClose });
    return Object.entries(found).find(([, problem]) => problem !== undefined)?.[0];
  }

  return (
    <FormDialog
      title="Create a job"
      verb="Create"
      failure="The job was not created"
      error={create.error}
      isBusy={create.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      <CodeField label="Job ID" name="id" required value={draft.id} problem={problems.id} onChange={(id) => change({ id })} />
      <Field label="What it does">
        <RadioGroup
          value={draft.type}
          onChange={(_event, data) =>
            change({ type: data.value === 'scheduleDeviceMethod' ? 'scheduleDeviceMethod' : 'scheduleUpdateTwin' })
          }
        >
          <Radio value="scheduleUpdateTwin" label="Update twins" />
          <Radio value="scheduleDeviceMethod" label="Call a direct method" />
        </RadioGroup>
      </Field>
      <CodeField
        label="Devices"
        name="condition"
        rows={2}
        hint="A condition as in a query, such as tags.hall = 2. A star is all devices."
        value={draft.condition}
        problem={problems.condition}
        onChange={(condition) => change({ condition })}
      />
      {draft.type === 'scheduleUpdateTwin' ? (
        <CodeField
          label="Twin"
          name="twin"
          rows={6}
          hint="What is merged into each twin: tags, and desired properties."
          value={draft.twin}
          problem={problems.twin}
          onChange={(twin) => change({ twin })}
        />
      ) : (
        <>
          <CodeField
            label="Method name"
            name="method"
            required
            value={draft.method}
            problem={problems.method}
            onChange={(method) => change({ method })}
          />
          <CodeField
            label="Payload"
            name="payload"
            rows={3}
            hint="JSON. Left empty, devices get null."
            value={draft.payload}
            problem={problems.payload}
            onChange={(payload) => change({ payload })}
          />
        </>
      )}
    </FormDialog>
  );
}

function bodyOf(draft: Draft): { body?: JobPut; problems: Problems } {
  const queryCondition = draft.condition.trim() || '*';
  const id = draft.id.trim() === '' ? 'Enter an ID.' : undefined;
  if (draft.type === 'scheduleUpdateTwin') {
    const twin = readObject(draft.twin);
    const problems = { id, twin: twin.problem };
    if (id !== undefined || twin.value === undefined) return { problems };
    return { body: { type: draft.type, queryCondition, updateTwin: { etag: '*', ...twin.value } }, problems };
  }
  const methodName = draft.method.trim();
  const payload = readJson(draft.payload);
  const problems = { id, method: methodName === '' ? 'Enter the name of a method.' : undefined, payload: payload.problem };
  if (payload.value === undefined || Object.values(problems).some((problem) => problem !== undefined)) return { problems };
  return { body: { type: draft.type, queryCondition, cloudToDeviceMethod: { methodName, payload: payload.value } }, problems };
}
