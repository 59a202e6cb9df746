import { centralContexts, templateDocument } from './template-document.ts';

/** The model that the AzureIoT sample of Azure Sphere announces (sphere.md 6.3). */
export const thermometerModelId = 'dtmi:com:example:azuresphere:thermometer;1';

const en = (text: string) => ({ en: text });

/** Member for member what the sample's own model file says. */
export const thermometerTemplate = templateDocument({
  id: 'dtmi:homeport:template:azureSphereThermometer;1',
  displayName: 'Azure Sphere Example Thermometer',
  model: {
    '@id': thermometerModelId,
    '@type': 'Interface',
    '@context': centralContexts,
    displayName: en('Azure Sphere Example Thermometer'),
    contents: [
      { '@type': 'Property', name: 'serialNumber', displayName: en('Serial Number'), schema: 'string', writable: false },
      {
        '@type': 'Property',
        name: 'thermometerTelemetryUploadEnabled',
        displayName: en('Thermometer Telemetry Upload Enabled'),
        schema: 'boolean',
        writable: true,
      },
      { '@type': 'Telemetry', name: 'thermometerMoved', displayName: en('Thermometer Moved'), schema: 'boolean' },
      {
        '@type': ['Telemetry', 'Temperature'],
        name: 'temperature',
        displayName: en('Temperature'),
        schema: 'double',
        unit: 'degreeCelsius',
      },
      {
        '@type': 'Command',
        name: 'displayAlert',
        displayName: en('Display Alert'),
        commandType: 'synchronous',
        request: { name: 'alertMessage', displayName: en('Alert Message'), schema: 'string' },
        response: { name: 'alertResult', displayName: en('Alert Result'), schema: 'string' },
      },
    ],
  },
});
