import { useState } from 'react';
import type { EnrollmentGroup } from '../../api/contract.ts';
import { type CertificateEntry, certificateOf, useCertificateActions } from '../../api/enrollment-groups.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { encodeCertificateFile } from './certificate-file.ts';
import { CertificatePanel } from './certificate-panel.tsx';
import { CertificateRow } from './certificate-row.tsx';

type Props = {
  group: EnrollmentGroup;
  entry: CertificateEntry;
  mayWrite: boolean;
  isOpen: boolean;
  onOpen: () => void;
  onClose: () => void;
};

/** One certificate of a group: its row on the page and the panel it opens. Everything is saved at once. */
export function GroupCertificate({ group, entry, mayWrite, isOpen, onOpen, onClose }: Props) {
  const certificate = certificateOf(group, entry);
  const actions = useCertificateActions(group.id, entry);
  const [fileName, setFileName] = useState<string>();
  const [fileError, setFileError] = useState<unknown>();
  const [isDeleting, setDeleting] = useState(false);

  async function upload(file: File, isVouched: boolean) {
    onOpen();
    setFileError(undefined);
    actions.upload.reset();
    actions.generateCode.reset();
    actions.verify.reset();
    try {
      const text = encodeCertificateFile(new Uint8Array(await file.arrayBuffer()));
      actions.upload.mutate({ certificate: text, verified: isVouched }, { onSuccess: () => setFileName(file.name) });
    } catch (error) {
      setFileError(error);
    }
  }

  return (
    <>
      <CertificateRow
        entry={entry}
        certificate={certificate}
        fileName={certificate ? fileName : undefined}
        mayWrite={mayWrite}
        onFile={(file) => void upload(file, false)}
        onManage={onOpen}
        onDelete={() => setDeleting(true)}
      />
      {isOpen && (
        <CertificatePanel
          groupId={group.id}
          entry={entry}
          certificate={certificate}
          actions={actions}
          uploadError={fileError ?? actions.upload.error}
          mayWrite={mayWrite}
          onFile={(file, isVouched) => void upload(file, isVouched)}
          onDelete={() => setDeleting(true)}
          onClose={onClose}
        />
      )}
      {isDeleting && (
        <ConfirmDialog
          title={`Delete the ${entry} certificate?`}
          verb="Delete certificate"
          onClose={() => setDeleting(false)}
          onConfirm={() => {
            setDeleting(false);
            setFileName(undefined);
            actions.remove.mutate();
          }}
        >
          Devices whose certificates come from this CA are disconnected and refused from then on. The other certificate of the
          group is not touched.
        </ConfirmDialog>
      )}
    </>
  );
}
