import { centralContexts, templateDocument } from './template-document.ts';

/**
 * The model that only the demo of `npm start` announces. The published program it plays
 * (sphere.md 6.5) names none, so a person's own copy of it stays Unassigned until told.
 */
export const demoEnvironmentModelId = 'dtmi:homeport:demo:environment;1';

const en = (text: string) => ({ en: text });

/**
 * The device sends its readings as text (`{ "Temperature": "23.46" }`); the schema says double, so
 * they are coerced and charted. Its LED listens to the form of IoT Central's first years,
 * `{"StatusLED":{"value":true}}`, and reports it bare: see wrappedDesired in shipped-templates.ts.
 */
export const demoEnvironmentTemplate = templateDocument({
  id: 'dtmi:homeport:template:demoEnvironment;1',
  displayName: 'Environment Sensor (demo)',
  description: 'Temperature and humidity from the simulated Azure Sphere device that comes with Homeport.',
  model: {
    '@id': demoEnvironmentModelId,
    '@type': 'Interface',
    '@context': centralContexts,
    displayName: en('Environment Sensor (demo)'),
    contents: [
      {
        '@type': ['Telemetry', 'Temperature'],
        name: 'Temperature',
        displayName: en('Temperature'),
        schema: 'double',
        unit: 'degreeCelsius',
      },
      {
        '@type': ['Telemetry', 'RelativeHumidity'],
        name: 'Humidity',
        displayName: en('Humidity'),
        schema: 'double',
        unit: 'percent',
      },
      { '@type': 'Telemetry', name: 'ButtonPress', displayName: en('Button Press'), schema: 'string' },
      { '@type': 'Telemetry', name: 'Orientation', displayName: en('Orientation'), schema: 'string' },
      { '@type': 'Property', name: 'StatusLED', displayName: en('Status LED'), schema: 'boolean', writable: true },
    ],
  },
});
