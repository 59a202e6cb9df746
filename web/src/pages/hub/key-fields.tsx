import { Checkbox, Field, Input } from '@fluentui/react-components';
import type { HubDeviceDraft } from './hub-device-draft.ts';

type Props = { draft: HubDeviceDraft; onChange: (change: Partial<HubDeviceDraft>) => void };

/** Keys that are made, or the owner's own. */
export function KeyFields({ draft, onChange }: Props) {
  return (
    <>
      <Checkbox
        label="Auto-generate keys"
        checked={draft.isKeyMade}
        onChange={(_event, data) => onChange({ isKeyMade: data.checked === true })}
      />
      {!draft.isKeyMade && (
        <>
          <KeyField label="Primary key" value={draft.primaryKey} onChange={(primaryKey) => onChange({ primaryKey })} />
          <KeyField label="Secondary key" value={draft.secondaryKey} onChange={(secondaryKey) => onChange({ secondaryKey })} />
        </>
      )}
    </>
  );
}

function KeyField({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
  return (
    <Field label={label} hint="Base64 of 16 to 64 bytes. Left empty, one is made.">
      <Input
        type="password"
        value={value}
        maxLength={128}
        autoComplete="new-password"
        onChange={(_event, data) => onChange(data.value)}
      />
    </Field>
  );
}
