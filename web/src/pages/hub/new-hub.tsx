import { Button } from '@fluentui/react-components';
import { AddRegular } from '@fluentui/react-icons/svg/add';
import { useState } from 'react';
import { useCreateHub } from '../../api/hubs.ts';
import { NameDialog } from '../../components/name-dialog.tsx';
import { hubNameProblem } from './hub-name.ts';

/** The + Create button of the list of hubs and its dialog. */
export function NewHub({ taken }: { taken: readonly string[] }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button appearance="primary" icon={<AddRegular />} aria-label="+ Create" onClick={() => setOpen(true)}>
        Create
      </Button>
      {isOpen && <NewHubDialog taken={taken} onClose={() => setOpen(false)} />}
    </>
  );
}

function NewHubDialog({ taken, onClose }: { taken: readonly string[]; onClose: () => void }) {
  const create = useCreateHub();
  return (
    <NameDialog
      title="Create an IoT hub"
      hint="3 to 50 letters, digits and hyphens. It is the first part of the hub's host name and stays as it is."
      failure="The hub was not created"
      create={create}
      problemOf={(name) => hubNameProblem(name, taken)}
      onClose={onClose}
    />
  );
}
