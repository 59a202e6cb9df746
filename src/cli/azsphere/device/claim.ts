import { CommandFailure } from '#cli/kit/failure.ts';
import { chooseBoard, claimBoard, listAttachedBoards } from '../attached-boards.ts';
import { type AzsphereInvocation, azsphereCommand, tenantOption } from '../azsphere-command.ts';
import { requireTenant, signedIn } from '../signed-in.ts';

/**
 * Claims an attached board by possession (sphere.md 1.2): the service gives out a code, the board
 * signs it together with a nonce, and posts the result itself. This command never sees a key.
 */
export const deviceClaimCommand = azsphereCommand({
  options: [
    { name: 'device', short: 'd', value: 'ID|PATH', summary: 'Which one, when several are attached' },
    { name: 'yes', short: 'y', summary: 'Do not ask: a claim is permanent' },
    tenantOption,
  ],
  examples: ['azsphere device claim', 'azsphere device claim --yes'],
  async run(invocation) {
    const { options, terminal, voice } = invocation;
    const account = signedIn(invocation);
    const tenant = await requireTenant(invocation, account);
    const board = chooseBoard(await listAttachedBoards(terminal), options.text('device'));
    await confirmClaim(invocation, tenant.Name);
    voice.say('Claiming device.');
    const { ClaimCode, TenantId } = await account.client.createClaimCode(tenant.Id);
    const { sphereUrl } = account.session;
    const claimed = await claimBoard(board, { serviceUrl: sphereUrl, tenantId: TenantId, claimCode: ClaimCode });
    const deviceId = board.deviceId.toUpperCase();
    if (!claimed.changed) voice.say('The device already belonged to this tenant; nothing changed.');
    voice.say(`Successfully claimed device ID '${deviceId}' into tenant '${tenant.Name}' with ID '${tenant.Id}'.`);
    voice.report({
      rows: [board],
      columns: [{ heading: 'Device ID', read: (row) => row.deviceId }],
      data: { deviceId: board.deviceId, tenantId: tenant.Id, tenantName: tenant.Name, changed: claimed.changed },
    });
  },
});

async function confirmClaim({ options, terminal, voice }: AzsphereInvocation, tenantName: string): Promise<void> {
  if (options.isSet('yes')) return;
  voice.warn(`Claiming a device into tenant '${tenantName}' is permanent: it cannot be moved to another tenant afterwards.`);
  if (!terminal.isInputTerminal) {
    throw new CommandFailure('failed', 'The device was not claimed.', {
      why: 'A claim is permanent, and nobody is here to confirm it.',
      fix: 'azsphere device claim --yes',
    });
  }
  const answer = await terminal.ask('Claim the device? (y/N) ');
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandFailure('failed', 'The device was not claimed.');
}
