// npm start: installs what is missing, builds, starts the relay with the demo, and prints its
// address.
import { buildDemo, buildPreset, buildSdk } from './lib/build.mjs';
import { install } from './lib/install.mjs';
import { runHere, totalTime, verb } from './lib/steps.mjs';

await verb('npm start', async () => {
  await install('build');
  await buildPreset('release', ['tidegate'], 'build the relay (release)');
  await buildSdk();
  await buildDemo();
  console.log(`Installed and built after ${totalTime()}.`);
  await runHere(process.execPath, ['demo/supervisor.mjs', ...process.argv.slice(2)]);
});
