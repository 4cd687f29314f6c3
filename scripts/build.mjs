// npm run build: the relay (build/release/tidegate), the WebAssembly core, the npm package
// (sdk-js/dist).
import { buildProduct } from './lib/build.mjs';
import { install } from './lib/install.mjs';
import { verb } from './lib/steps.mjs';

await verb('npm run build', async () => {
  await install('build');
  await buildProduct();
});
