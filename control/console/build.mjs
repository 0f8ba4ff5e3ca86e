// Builds the console: type-checks, bundles, and writes one pack file that axfrd links in.
//   node build.mjs --out FILE     the pack: a line of JSON, then the gzip bodies one after another
//   node build.mjs --dir DIR      the same files, plainly, to look at them
//   node build.mjs --test         the unit tests
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const kFirstPageMost = 80_000;
const here = dirname(fileURLToPath(import.meta.url));
const kTypes = { js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', svg: 'image/svg+xml' };

function run(...words) {
  const result = spawnSync(process.execPath, words, { cwd: here, stdio: 'inherit' });
  if (result.status !== 0) process.exit(1);
}

function packageOf(input) {
  const found = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
  return found ? found[1] : undefined;
}

// The licences of all that is in the bundle, for those who receive it.
function licences(inputs) {
  const names = [...new Set(inputs.map(packageOf).filter(Boolean))].sort();
  return names
    .map((name) => {
      const folder = join(here, 'node_modules', name);
      const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      if (!file) throw new Error(`${name} has no licence file`);
      const text = readFileSync(join(folder, file), 'utf8').trim();
      return `${name} ${version} (${license})\n${'='.repeat(72)}\n${text}\n`;
    })
    .join('\n');
}

function entry(path, type, body, immutable) {
  const plain = Buffer.from(body);
  const packed = gzipSync(plain, { level: 9 });
  packed[9] = 255; // the octet that names the system that packed it
  return { path, type, immutable, plain, packed };
}

async function bundle() {
  const result = await build({
    absWorkingDir: here,
    entryPoints: [
      { in: 'src/main.tsx', out: 'console' },
      { in: 'src/style.css', out: 'style' },
      { in: 'src/icon.svg', out: 'icon' },
    ],
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    loader: { '.svg': 'copy' },
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    outdir: 'assets',
    write: false,
    metafile: true,
    logLevel: 'warning',
  });
  const outputs = result.outputFiles.map((file) => ({ name: file.path.split(/[\\/]/).pop(), body: file.contents }));
  outputs.sort((a, b) => (a.name < b.name ? -1 : 1));
  const named = (pattern) => outputs.find((file) => pattern.test(file.name)).name;
  const [script, style, icon] = [named(/^console-.*\.js$/), named(/^style-.*\.css$/), named(/^icon-.*\.svg$/)];
  const html = readFileSync(join(here, 'src/index.html'), 'utf8')
    .replace('SCRIPT', `/assets/${script}`)
    .replace('STYLE', `/assets/${style}`)
    .replace('ICON', `/assets/${icon}`);
  const made = result.metafile.outputs[`assets/${script}`];
  const needed = made.imports.filter((each) => each.kind === 'import-statement').map((each) => `/${each.path}`);
  const first = new Set(['/', `/assets/${script}`, `/assets/${style}`, ...needed]);
  const entries = [
    entry('/', 'text/html; charset=utf-8', html, false),
    ...outputs.map((file) => entry(`/assets/${file.name}`, kTypes[file.name.split('.').pop()], file.body, true)),
    entry('/licences.txt', 'text/plain; charset=utf-8', licences(Object.keys(result.metafile.inputs)), false),
  ];
  const octets = entries.filter((each) => first.has(each.path)).reduce((sum, each) => sum + each.packed.length, 0);
  if (octets > kFirstPageMost) throw new Error(`the first page has ${octets} octets; it may have ${kFirstPageMost}`);
  const lazy = entries
    .filter((each) => !first.has(each.path) && each.path.endsWith('.js'))
    .reduce((sum, each) => sum + each.packed.length, 0);
  console.log(`first page: ${octets} octets in gzip; loaded later: ${lazy}`);
  return entries;
}

function writePack(path, entries) {
  const head = entries.map(({ path, type, immutable, plain, packed }) => ({
    path,
    type,
    immutable,
    size: packed.length,
    whole: plain.length,
    hash: createHash('sha256').update(plain).digest('hex'),
  }));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.concat([Buffer.from(JSON.stringify(head) + '\n'), ...entries.map((each) => each.packed)]));
}

function writePlainly(folder, entries) {
  for (const { path, plain } of entries) {
    const file = join(folder, path === '/' ? 'index.html' : path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, plain);
  }
}

async function test() {
  const sources = readdirSync(join(here, 'test'))
    .filter((name) => name.endsWith('.test.ts'))
    .sort();
  const folder = mkdtempSync(join(here, 'node_modules', '.test-'));
  try {
    await build({
      absWorkingDir: here,
      entryPoints: sources.map((name) => `test/${name}`),
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node18',
      outdir: folder,
      outExtension: { '.js': '.mjs' },
      logLevel: 'warning',
    });
    return spawnSync(process.execPath, ['--test', folder], { stdio: 'inherit' }).status ?? 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function after(flag) {
  const at = process.argv.indexOf(flag);
  return at < 0 ? undefined : process.argv[at + 1];
}

if (process.argv.includes('--test')) process.exit(await test());
const [out, dir] = [after('--out'), after('--dir')];
if (!out && !dir) throw new Error('say --out FILE or --dir DIR');
run('node_modules/typescript/bin/tsc', '--noEmit');
const entries = await bundle();
if (out) writePack(out, entries);
if (dir) writePlainly(dir, entries);
