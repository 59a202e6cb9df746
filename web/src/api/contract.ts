/**
 * The shapes that the server and the app agree on. The only file that reaches outside web/: types
 * alone, so that no server code ends up in the browser.
 */
import type * as access from '../../../src/central/contract/access.ts';
import type * as certificates from '../../../src/central/contract/certificates.ts';
import type * as commands from '../../../src/central/contract/commands.ts';
import type * as templates from '../../../src/central/contract/device-templates.ts';
import type * as publicDevices from '../../../src/central/contract/devices.ts';
import type * as groups from '../../../src/central/contract/enrollment-groups.ts';
import type * as errors from '../../../src/central/contract/error.ts';
import type * as json from '../../../src/central/contract/json-value.ts';
import type * as data from '../../../src/central/contract/ui-data.ts';
import type * as devices from '../../../src/central/contract/ui-devices.ts';
import type * as events from '../../../src/central/contract/ui-events.ts';
import type * as refusals from '../../../src/central/contract/ui-refusals.ts';

export type Page<T> = { value: T[]; nextLink?: string };
export type JsonValue = json.JsonValue;
export type ErrorResponse = errors.ErrorResponse;
export type Session = access.SessionBody;
export type SigningCertificate = certificates.SigningCertificate;
export type CertificatePut = certificates.CertificatePut;
export type VerificationCode = certificates.VerificationCodeBody;
export type CommandRequest = commands.CommandRequest;
export type LastValues = data.LastValuesBody['values'];
export type DeviceCommand = commands.DeviceCommand;
export type DeviceTemplate = templates.DeviceTemplateBody;
export type Device = publicDevices.DeviceBody;
export type DevicePut = publicDevices.DevicePut;
export type DevicePatch = publicDevices.DevicePatch;
export type EnrollmentGroup = groups.EnrollmentGroupBody;
export type EnrollmentGroupPut = groups.EnrollmentGroupPut;
export type EnrollmentGroupPatch = groups.EnrollmentGroupPatch;
export type GroupRow = groups.GroupRow;
export type SeriesResponse = data.SeriesResponse;
export type SeriesPoint = data.SeriesPoint;
export type RawRow = data.RawRow;
export type RawResponse = data.RawResponse;
export type DeviceRow = devices.DeviceRow;
export type DeviceStatus = devices.DeviceStatus;
export type DeviceDetail = devices.DeviceDetail;
export type DeviceModel = devices.DeviceModelBody;
export type PropertyRow = devices.PropertyRow;
export type Refusal = refusals.RefusalBody;
export type UiEventName = events.UiEventName;
export type UiEvents = events.UiEvents;
