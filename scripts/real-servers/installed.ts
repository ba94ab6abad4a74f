/** Starts servers that are installed on this machine, each with a configuration of its own in a temporary folder. */
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type {
  CheckedServer,
  ServerPorts,
} from "../../packages/webhook/test/transport/server-checks.ts";
import { LARGE_BYTES } from "../../packages/webhook/test/transport/server-checks.ts";

const PORT_NAMES = [
  "plain",
  "tls12",
  "tls13",
  "expired",
  "selfSigned",
  "clientCertificate",
  "shortLived",
] as const;
type Ports = Record<(typeof PORT_NAMES)[number], number>;

const fixtures = fileURLToPath(
  new URL("../../packages/webhook/test/fixtures/tls/", import.meta.url),
);
const CERTIFICATES: Readonly<Record<string, string>> = {
  expired: "expired",
  selfSigned: "self-signed",
};

const isPlain = (name: string): boolean => name === "plain" || name === "shortLived";

// Servers are for the system's administrator, whose commands are not on everybody's path.
const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill();
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

function versionOf(command: string, ...args: string[]): string | undefined {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", env });
  return status === 0 ? `${stdout}${stderr}`.trim().split("\n")[0] : undefined;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function freePorts(): Promise<Ports> {
  const ports: Partial<Ports> = {};
  for (const name of PORT_NAMES) ports[name] = await freePort();
  return ports as Ports;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

interface Start {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly ports: ServerPorts;
  readonly keeps?: boolean;
  readonly hasPaths?: boolean;
  readonly hasEarly?: boolean;
  readonly status?: number;
  readonly atOnce?: number;
}

async function run(start: Start): Promise<CheckedServer> {
  const { name, command, args, folder, ports } = start;
  const child = spawn(command, args, {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
    // Caddy writes its settings there.
    env: { ...env, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder },
  });
  running.add(child);
  child.once("exit", () => running.delete(child));
  let complaint = "";
  child.stderr.on("data", (chunk: Uint8Array) => (complaint += String(chunk)));
  const stop = async (): Promise<void> => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    if (child.exitCode === null && child.kill()) await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  for (const port of Object.values(ports)) {
    for (let tries = 0; !(await isListening(port)); tries += 1) {
      if (tries > 200 || child.exitCode !== null) {
        await stop();
        throw new Error(`${name} does not listen: ${complaint.slice(0, 500)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  const { keeps = true, hasPaths = true, hasEarly = false, status = 200, atOnce = 40 } = start;
  return { name, ports, keeps, hasPaths, hasEarly, status, atOnce, stop };
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "real-servers-"));
  mkdirSync(join(folder, "files"));
  for (const name of ["large", "chunked"]) {
    writeFileSync(join(folder, "files", name), "a".repeat(LARGE_BYTES));
  }
  writeFileSync(join(folder, "files", "index.html"), "hello");
  return folder;
}

const pairOf = (name: string): string => join(fixtures, CERTIFICATES[name] ?? "server");

export async function startNginx(): Promise<CheckedServer | undefined> {
  const version = versionOf("nginx", "-v");
  if (version === undefined) return undefined;
  const [folder, ports] = [newFolder(), await freePorts()];
  const servers = PORT_NAMES.map((name) => {
    const tls = isPlain(name)
      ? ""
      : `ssl_certificate ${pairOf(name)}.pem; ssl_certificate_key ${pairOf(name)}.key;
           ssl_protocols ${name === "tls12" ? "TLSv1.2" : "TLSv1.3"};`;
    const client =
      name === "clientCertificate"
        ? `ssl_client_certificate ${fixtures}ca.pem; ssl_verify_client on;`
        : "";
    return `server { listen 127.0.0.1:${ports[name]}${isPlain(name) ? "" : " ssl"}; ${tls} ${client}
      keepalive_timeout ${name === "shortLived" ? 1 : 60}s;
      location = / { return 200 "hello"; }
      location = /none { return 204; }
      location = /large { root ${folder}/files; error_page 405 =200 $uri; }
      location = /chunked { root ${folder}/files; error_page 405 =200 $uri;
        sub_filter zz zz; sub_filter_types *; } }`;
  });
  const config = join(folder, "nginx.conf");
  writeFileSync(
    config,
    `daemon off; ${process.getuid?.() === 0 ? "user root;" : ""} pid ${folder}/nginx.pid; error_log stderr;
     events { worker_connections 512; }
     http { access_log off; client_max_body_size 10m;
       client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b; fastcgi_temp_path ${folder}/c;
       uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
       ${servers.join("\n")} }`,
  );
  return run({
    name: version,
    command: "nginx",
    args: ["-c", config, "-p", folder],
    folder,
    ports,
  });
}

const APACHE_MODULES = "/usr/lib/apache2/modules";

export async function startApache(): Promise<CheckedServer | undefined> {
  const version = versionOf("apache2", "-v");
  if (version === undefined || !existsSync(APACHE_MODULES)) return undefined;
  const [folder, ports] = [newFolder(), await freePorts()];
  const modules = [
    "mpm_event",
    "authz_core",
    "alias",
    "rewrite",
    "ssl",
    "dir",
    "mime",
    "reqtimeout",
    "cgi",
  ];
  const script = join(folder, "chunked.sh");
  // What a script prints has no known length.
  writeFileSync(script, `#!/bin/sh\nprintf '\\r\\n'\nexec cat ${folder}/files/large\n`, {
    mode: 0o755,
  });
  const hosts = PORT_NAMES.map((name) => {
    const tls = isPlain(name)
      ? ""
      : `SSLEngine on
           SSLCertificateFile ${pairOf(name)}.pem
           SSLCertificateKeyFile ${pairOf(name)}.key
           SSLProtocol ${name === "tls12" ? "TLSv1.2" : "TLSv1.3"}`;
    const client =
      name === "clientCertificate"
        ? `SSLCACertificateFile ${fixtures}ca.pem
           SSLVerifyClient require`
        : "";
    return `Listen 127.0.0.1:${ports[name]}
      <VirtualHost 127.0.0.1:${ports[name]}>
      ServerName hook.example.test
      DocumentRoot ${folder}/files
      ${tls}
      ${client}
      KeepAliveTimeout ${name === "shortLived" ? 1 : 60}
      RewriteEngine on
      RewriteRule ^/none$ - [R=204,L]
      </VirtualHost>`;
  });
  const config = join(folder, "apache.conf");
  writeFileSync(
    config,
    `${modules.map((name) => `LoadModule ${name}_module ${APACHE_MODULES}/mod_${name}.so`).join("\n")}
     ServerRoot ${folder}
     ServerName localhost
     PidFile ${folder}/apache.pid
     ErrorLog ${folder}/error.log
     KeepAlive On
     StartServers 1
     ServerLimit 1
     ThreadLimit 100
     ThreadsPerChild 100
     MaxRequestWorkers 100
     MaxKeepAliveRequests 1000
     TypesConfig /dev/null
     DirectoryIndex index.html
     SSLSessionCache none
     <Directory ${folder}/files>
     Require all granted
     </Directory>
     ScriptAlias /chunked ${script}
     <Directory ${folder}>
     Require all granted
     </Directory>
     ${hosts.join("\n")}`,
  );
  const args = ["-f", config, "-D", "FOREGROUND"];
  return run({ name: version, command: "apache2", args, folder, ports });
}

export async function startCaddy(): Promise<CheckedServer | undefined> {
  const version = versionOf("caddy", "version");
  if (version === undefined) return undefined;
  const [folder, ports] = [newFolder(), await freePorts()];
  const sites = PORT_NAMES.map((name) => {
    const client =
      name === "clientCertificate"
        ? `client_auth {
             mode require_and_verify
             trusted_ca_cert_file ${fixtures}ca.pem
           }`
        : "";
    const tls = isPlain(name)
      ? ""
      : `tls ${pairOf(name)}.pem ${pairOf(name)}.key {
             protocols ${name === "tls12" ? "tls1.2 tls1.2" : "tls1.3 tls1.3"}
             ${client}
           }`;
    return `${isPlain(name) ? "http" : "https"}://:${ports[name]} {
      bind 127.0.0.1
      ${tls}
      handle /none {
        respond 204
      }
      @large path /large /chunked
      handle @large {
        respond "${"a".repeat(LARGE_BYTES)}"
      }
      handle {
        respond "hello"
      }
    }`;
  });
  const config = join(folder, "Caddyfile");
  writeFileSync(
    config,
    `{
       admin off
       auto_https off
       storage file_system ${folder}/storage
       servers :${ports.shortLived} {
         timeouts {
           idle 1s
         }
       }
     }
     ${sites.join("\n")}`,
  );
  const args = ["run", "--config", config, "--adapter", "caddyfile"];
  return run({ name: `Caddy ${version}`, command: "caddy", args, folder, ports });
}

export async function startPython(): Promise<CheckedServer | undefined> {
  const version = versionOf("python3", "--version");
  if (version === undefined) return undefined;
  const [folder, ports] = [newFolder(), await freePorts()];
  const script = fileURLToPath(new URL("server.py", import.meta.url));
  const settings = JSON.stringify({ fixtures, ports, large: LARGE_BYTES });
  const args = [script, settings];
  return run({ name: version, command: "python3", args, folder, ports, hasEarly: true });
}

/** Python's ready-made server speaks HTTP/1.0 and knows no POST: it answers 501 and closes. */
export async function startPythonModule(): Promise<CheckedServer | undefined> {
  const version = versionOf("python3", "--version");
  if (version === undefined) return undefined;
  const [folder, plain] = [newFolder(), await freePort()];
  return run({
    name: `${version}, http.server`,
    command: "python3",
    args: ["-m", "http.server", "--bind", "127.0.0.1", String(plain)],
    folder,
    ports: { plain },
    keeps: false,
    hasPaths: false,
    status: 501,
    // It lets five connections wait; the kernel drops what comes beyond, for many seconds.
    atOnce: 4,
  });
}
