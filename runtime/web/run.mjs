// Runs a module in Node: node run.mjs [--dir HOST[:GUEST]]... [--env K=V]... module.wasm [ARGS]
import fs from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import v8 from 'node:v8';
import { createWasi, Exit } from './wasi.mjs';
import { byteString, platform, preopenDirectory, standardStream } from './node.mjs';

const USAGE = 'usage: node run.mjs [--dir HOST[:GUEST]]... [--env K=V]... [--] module.wasm [ARGS]\n';
const TRAP_STATUS = 134; // as of a program that ends by SIGABRT

class UsageError extends Error {}

function parseCommandLine(words) {
    const options = { directories: [], env: [] };
    let at = 0;
    while (at < words.length && words[at].startsWith('--')) {
        const option = words[at++];
        if (option === '--') break;
        if (option === '--help') return { help: true };
        const value = words[at++];
        if (option !== '--dir' && option !== '--env')
            throw new UsageError(`unknown option ${option}`);
        if (value === undefined) throw new UsageError(`an argument is missing after ${option}`);
        if (option === '--env') {
            if (!value.includes('=')) throw new UsageError(`--env needs K=V, not ${value}`);
            options.env.push(value);
        } else {
            const colon = value.lastIndexOf(':');
            const host = colon < 0 ? value : value.slice(0, colon);
            const guest = colon < 0 ? value : value.slice(colon + 1);
            if (!host || !guest.startsWith('/'))
                throw new UsageError(`--dir needs HOST:/GUEST, not ${value}`);
            options.directories.push({ host, guest });
        }
    }
    if (at >= words.length) throw new UsageError('the module is missing');
    return { ...options, module: words[at], args: words.slice(at + 1) };
}

// A function with f64x2.relaxed_madd.
const RELAXED_SIMD = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b,
    3, 2, 1, 0, 10, 8, 1, 6, 0, 0, 0xfd, 0x87, 2, 0x0b);

/** Modules of --fma=relaxed need what Node 20 has behind a flag. */
function enableRelaxedSimd() {
    if (!WebAssembly.validate(RELAXED_SIMD))
        v8.setFlagsFromString('--experimental-wasm-relaxed-simd');
}

/** Small modules compile faster in one piece; large ones are not held in memory twice. */
async function compile(file) {
    enableRelaxedSimd();
    if (fs.statSync(file).size < 32 << 20) return new WebAssembly.Module(fs.readFileSync(file));
    const body = Readable.toWeb(fs.createReadStream(file, { highWaterMark: 1 << 20 }));
    const headers = { 'Content-Type': 'application/wasm' };
    return WebAssembly.compileStreaming(new Response(body, { headers }));
}

function complain(text) {
    fs.writeSync(2, `c2w: ${text}\n`);
}

function execute(module, options) {
    const wasi = createWasi({
        args: [path.basename(options.module), ...options.args].map(byteString),
        env: options.env.map(byteString),
        descriptors: [0, 1, 2].map(standardStream).concat(options.preopens),
        platform,
    });
    const instance = new WebAssembly.Instance(module, wasi.imports);
    wasi.setMemory(instance.exports.memory);
    try {
        instance.exports._start();
        return 0;
    } catch (error) {
        if (error instanceof Exit) return error.status;
        complain(`${options.module}: trap: ${error.message}`);
        if (process.env.C2W_TRACE_TRAP) complain(error.stack);
        return TRAP_STATUS;
    }
}

async function main() {
    let options;
    try {
        options = parseCommandLine(process.argv.slice(2));
    } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        complain(`${error.message}\n${USAGE.trimEnd()}`);
        return 2;
    }
    if (options.help) {
        fs.writeSync(1, USAGE);
        return 0;
    }
    let subject = options.module;
    try {
        options.preopens = options.directories.map(({ host, guest }) => {
            subject = host;
            return preopenDirectory(host, guest);
        });
        subject = options.module;
        return execute(await compile(options.module), options);
    } catch (error) {
        complain(`${subject}: ${error.message}`);
        return 1;
    }
}

process.exitCode = await main();
