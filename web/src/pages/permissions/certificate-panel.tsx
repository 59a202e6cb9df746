import {
  Button,
  DrawerBody,
  DrawerFooter,
  DrawerHeader,
  DrawerHeaderTitle,
  makeStyles,
  OverlayDrawer,
  Switch,
  tokens,
} from '@fluentui/react-components';
import { ArrowSwapRegular } from '@fluentui/react-icons/svg/arrow-swap';
import { DeleteRegular } from '@fluentui/react-icons/svg/delete';
import { DismissRegular } from '@fluentui/react-icons/svg/dismiss';
import { FolderOpenRegular } from '@fluentui/react-icons/svg/folder-open';
import { useState } from 'react';
import type { SigningCertificate } from '../../api/contract.ts';
import type { CertificateEntry, useCertificateActions } from '../../api/enrollment-groups.ts';
import { useMay } from '../../api/session.ts';
import { ErrorMessage } from '../../components/error-message.tsx';
import { FileButton } from '../../components/file-button.tsx';
import { useEscape } from '../../components/use-escape.ts';
import { useReturnFocus } from '../../components/use-return-focus.ts';
import { CertificateDetails, CertificateFacts } from './certificate-facts.tsx';
import { certificateFileTypes } from './certificate-file.ts';
import { ProvePossession } from './prove-possession.tsx';
import { RevocationList } from './revocation-list.tsx';
import { VerifiedSince } from './verified-since.tsx';

const useStyles = makeStyles({
  drawer: { width: '500px', maxWidth: '100vw' },
  body: { display: 'flex', flexDirection: 'column', gap: '20px', paddingBottom: '16px' },
  text: { margin: 0, maxWidth: '72ch', color: tokens.colorNeutralForeground2 },
  add: { display: 'flex', flexDirection: 'column', alignItems: 'flex-start', gap: '12px' },
  footer: { display: 'flex', flexWrap: 'wrap', gap: '8px', justifyContent: 'flex-start' },
  close: { marginLeft: 'auto' },
});

type Props = {
  groupId: string;
  entry: CertificateEntry;
  certificate: SigningCertificate | undefined;
  actions: ReturnType<typeof useCertificateActions>;
  uploadError: unknown;
  mayWrite: boolean;
  onFile: (file: File, isVouched: boolean) => void;
  onDelete: () => void;
  onClose: () => void;
};

/**
 * The Primary (Secondary) certificate dialog: empty, unverified, code issued, verified. It stands
 * beside the page without blocking it, because older guides go on pressing the page's buttons.
 */
export function CertificatePanel({
  groupId,
  entry,
  certificate,
  actions,
  uploadError,
  mayWrite,
  onFile,
  onDelete,
  onClose,
}: Props) {
  const styles = useStyles();
  useReturnFocus();
  useEscape(onClose);
  const mayVouch = useMay('groups.verify-on-upload');
  const [isVouched, setVouched] = useState(false);
  const title = entry === 'primary' ? 'Primary Certificate' : 'Secondary Certificate';
  const isBusy = actions.upload.isPending || actions.remove.isPending;
  return (
    <OverlayDrawer
      open
      modalType="non-modal"
      position="end"
      className={styles.drawer}
      aria-label={title}
      onOpenChange={(_event, data) => !data.open && onClose()}
    >
      <DrawerHeader>
        <DrawerHeaderTitle
          action={<Button appearance="subtle" icon={<DismissRegular />} aria-label="Dismiss" title="Dismiss" onClick={onClose} />}
        >
          {title}
        </DrawerHeaderTitle>
      </DrawerHeader>
      <DrawerBody>
        <div className={styles.body}>
          {uploadError != null && <ErrorMessage title="The certificate was not accepted" error={uploadError} />}
          {actions.remove.isError && <ErrorMessage title="The certificate was not deleted" error={actions.remove.error} />}
          {!certificate && (
            <div className={styles.add}>
              <p className={styles.text}>
                Add the CA certificate that issues the certificates of your devices: one certificate as .cer, .crt or .pem.
                Devices are let in once it is verified.
              </p>
              {mayVouch && (
                <Switch
                  label="Set certificate status to verified on upload"
                  checked={isVouched}
                  onChange={(_event, data) => setVouched(data.checked)}
                />
              )}
              <FileButton
                appearance="primary"
                accept={certificateFileTypes}
                icon={<FolderOpenRegular />}
                disabled={isBusy || !mayWrite}
                onFile={(file) => onFile(file, mayVouch && isVouched)}
              >
                Add certificate
              </FileButton>
            </div>
          )}
          {certificate && (
            <>
              {certificate.verified && <VerifiedSince certificate={certificate} />}
              <CertificateFacts certificate={certificate} />
              {!certificate.verified && mayWrite && <ProvePossession key={certificate.info.sha1Thumbprint} actions={actions} />}
              <CertificateDetails certificate={certificate} />
              {certificate.verified && (
                <RevocationList
                  key={`revoked-${certificate.info.sha1Thumbprint}`}
                  groupId={groupId}
                  entry={entry}
                  mayWrite={mayWrite}
                />
              )}
            </>
          )}
        </div>
      </DrawerBody>
      <DrawerFooter className={styles.footer}>
        {certificate && mayWrite && (
          <>
            <FileButton
              accept={certificateFileTypes}
              icon={<ArrowSwapRegular />}
              disabled={isBusy}
              onFile={(file) => onFile(file, false)}
            >
              Replace
            </FileButton>
            <Button icon={<DeleteRegular />} disabled={isBusy} onClick={onDelete}>
              Delete
            </Button>
          </>
        )}
        <Button className={styles.close} onClick={onClose}>
          Close
        </Button>
      </DrawerFooter>
    </OverlayDrawer>
  );
}
