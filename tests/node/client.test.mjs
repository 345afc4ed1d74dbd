// The official client must not notice that there is no server behind the URL. Runs against a real server just as well.
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { after, before, describe, test } from "node:test";
import { createClient as create, ClickHouseError, ClickHouseLogLevel } from "@clickhouse/client";

const url = process.env.WAREHOUSE_URL ?? "http://127.0.0.1:8123";
const database = `node_${process.pid}`;
// Errors are expected here; the client would print each.
const createClient = (options) => create({ log: { level: ClickHouseLogLevel.OFF }, ...options });
const client = createClient({ url });

before(() => client.command({ query: `CREATE DATABASE ${database}` }));
after(async () => {
  await client.command({ query: `DROP DATABASE ${database}` });
  await client.close();
});

let tables = 0;
async function table(columns) {
  const name = `${database}.t${++tables}`;
  await client.command({ query: `CREATE TABLE ${name} (${columns}) ENGINE = MergeTree ORDER BY tuple()` });
  return name;
}

const rowsOf = async (query, options = {}) => (await client.query({ query, format: "JSONEachRow", ...options })).json();

describe("queries", () => {
  test("ping", async () => {
    assert.equal((await client.ping()).success, true);
    assert.equal((await client.ping({ select: true })).success, true);
  });

  test("JSON has meta, data and rows", async () => {
    const result = await (await client.query({ query: "SELECT 1 AS a, 'x' AS b", format: "JSON" })).json();
    assert.deepEqual(result.meta, [{ name: "a", type: "UInt8" }, { name: "b", type: "String" }]);
    assert.deepEqual(result.data, [{ a: 1, b: "x" }]);
    assert.equal(result.rows, 1);
  });

  test("JSONEachRow, CSV, JSONCompactEachRowWithNamesAndTypes", async () => {
    assert.deepEqual(await rowsOf("SELECT number AS n FROM numbers(3)"), [{ n: 0 }, { n: 1 }, { n: 2 }]);
    const csv = await client.query({ query: "SELECT number, 'a,b' FROM numbers(2)", format: "CSV" });
    assert.equal(await csv.text(), '0,"a,b"\n1,"a,b"\n');
    const compact = await client.query({ query: "SELECT 1 AS a", format: "JSONCompactEachRowWithNamesAndTypes" });
    assert.deepEqual(await compact.json(), [["a"], ["UInt8"], [1]]);
  });

  test("parameters: text with quotes, tabs and backslashes, NULL, arrays, dates, maps", async () => {
    const text = "it's a \"quote\",\ta tab,\na line and a \\ backslash; DROP TABLE x --";
    const [row] = await rowsOf(
      "SELECT {s: String} AS s, {n: Nullable(String)} AS n, {a: Array(Int32)} AS a, {t: Array(String)} AS t, {d: DateTime} AS d, {m: Map(String, UInt8)} AS m",
      { query_params: { s: text, n: null, a: [1, -2, 3], t: ["x'y", "a\\b"], d: new Date(Date.UTC(2024, 1, 3, 4, 5, 6)), m: { k: 1 } } },
    );
    assert.deepEqual(row, { s: text, n: null, a: [1, -2, 3], t: ["x'y", "a\\b"], d: "2024-02-03 04:05:06", m: { k: 1 } });
  });

  test("parameters in a multipart form", async () => {
    const rows = await rowsOf("SELECT {s: String} AS s", { query_params: { s: "x\ty" }, use_multipart_params: true });
    assert.deepEqual(rows, [{ s: "x\ty" }]);
  });

  test("the query id is the one given, and comes back", async () => {
    const result = await client.query({ query: "SELECT 1", query_id: "my-own-id" });
    assert.equal(result.query_id, "my-own-id");
    await result.text();
  });
});

describe("inserts", () => {
  test("an array of rows, with blank lines and SQL in the values", async () => {
    const name = await table("a UInt32, b String");
    const values = [{ a: 1, b: "x\n\n; DROP TABLE x;\n" }, { a: 2, b: "" }];
    const { executed, summary } = await client.insert({ table: name, values, format: "JSONEachRow" });
    assert.equal(executed, true);
    assert.equal(summary.written_rows, "2");
    assert.deepEqual(await rowsOf(`SELECT * FROM ${name} ORDER BY a`), values);
  });

  test("a stream of rows", async () => {
    const name = await table("a UInt32");
    const rows = Readable.from((function* () { for (let a = 0; a < 200_000; a++) yield { a }; })(), { objectMode: true });
    await client.insert({ table: name, values: rows, format: "JSONEachRow" });
    assert.deepEqual(await rowsOf(`SELECT count() AS n, sum(a) AS s FROM ${name}`), [{ n: 200_000, s: 19_999_900_000 }]);
  });

  test("a stream of CSV, some columns", async () => {
    const name = await table("a UInt32, b String DEFAULT 'none', c UInt8");
    await client.insert({
      table: name, columns: ["a", "c"], format: "CSV",
      values: Readable.from(["1,2\n", "3,", "4\n"], { objectMode: false }),
    });
    assert.deepEqual(await rowsOf(`SELECT * FROM ${name} ORDER BY a`), [{ a: 1, b: "none", c: 2 }, { a: 3, b: "none", c: 4 }]);
  });

  test("bad data is refused whole", async () => {
    const name = await table("a UInt32");
    await assert.rejects(
      client.insert({ table: name, values: [{ a: 1 }, { a: "x" }], format: "JSONEachRow" }),
      (error) => error instanceof ClickHouseError && error.type.startsWith("CANNOT_PARSE"),
    );
    assert.deepEqual(await rowsOf(`SELECT count() AS n FROM ${name}`), [{ n: 0 }]);
  });

  test("INSERT … SELECT by command", async () => {
    const name = await table("a UInt64");
    await client.command({ query: `INSERT INTO ${name} SELECT number FROM numbers(10)` });
    assert.deepEqual(await rowsOf(`SELECT count() AS n FROM ${name}`), [{ n: 10 }]);
  });
});

describe("streaming", () => {
  test("a result of a million rows arrives in parts", async () => {
    const result = await client.query({ query: "SELECT number AS n FROM numbers(1000000)", format: "JSONEachRow" });
    let count = 0, sum = 0, parts = 0;
    for await (const rows of result.stream()) {
      parts++;
      for (const row of rows) {
        count++;
        sum += row.json().n;
      }
    }
    assert.equal(count, 1_000_000);
    assert.equal(sum, 499_999_500_000);
    assert.ok(parts > 1);
  });

  test("an error after the first rows is an error of the stream", async () => {
    const result = await client.query({
      query: "SELECT throwIf(number = 2000000, 'late') AS n FROM numbers(3000000)", format: "JSONEachRow",
    });
    await assert.rejects(async () => {
      for await (const rows of result.stream()) rows.length;
    }, (error) => /late/.test(error.message) && error.code === "395");
  });

  test("a reader that leaves ends the query", async () => {
    const controller = new AbortController();
    const marker = `left_${process.pid}`;
    const running = client.query({ query: `SELECT max(sipHash64(number)) AS ${marker} FROM numbers(100000000000)`, abort_signal: controller.signal });
    const count = async () => Number((await rowsOf(
      `SELECT count() AS n FROM system.processes WHERE query LIKE '%${marker}%' AND query NOT LIKE '%system.processes%'`))[0].n);
    const failed = assert.rejects(running);
    while (await count() === 0);
    controller.abort();
    await failed;
    while (await count() > 0);
  });
});

describe("errors", () => {
  const failing = [
    ["SELECT * FROM nosuch", "60", "UNKNOWN_TABLE"],
    ["SELECT 1 FROM nosuch.t", "81", "UNKNOWN_DATABASE"],
    ["SELEC 1", "62", "SYNTAX_ERROR"],
    ["SELECT nosuch()", "46", "UNKNOWN_FUNCTION"],
    ["SELECT nosuch", "47", "UNKNOWN_IDENTIFIER"],
    ["SELECT {missing: UInt8}", "456", "UNKNOWN_QUERY_PARAMETER"],
    ["SELECT throwIf(1)", "395", "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"],
  ];
  for (const [query, code, type] of failing)
    test(`${query}: ${type}`, async () => {
      await assert.rejects(client.query({ query }), (error) => {
        assert.ok(error instanceof ClickHouseError, error);
        assert.deepEqual({ code: error.code, type: error.type }, { code, type });
        return true;
      });
    });

  test("several statements are refused", async () => {
    await assert.rejects(client.command({ query: "SELECT 1; DROP TABLE x" }), (error) => error.code === "62");
  });
});

describe("compression, settings, sessions", () => {
  test("gzip both ways", async () => {
    const packed = createClient({ url, compression: { request: true, response: true } });
    const name = await table("a String");
    const values = Array.from({ length: 50_000 }, (_, i) => ({ a: `value ${i}` }));
    await packed.insert({ table: name, values, format: "JSONEachRow" });
    const result = await packed.query({ query: `SELECT * FROM ${name}`, format: "JSONEachRow" });
    assert.equal(result.response_headers["content-encoding"], "gzip");
    assert.equal((await result.json()).length, 50_000);
    await assert.rejects(packed.query({ query: "SELECT * FROM nosuch" }), (error) => error.code === "60");
    await packed.close();
  });

  test("settings are the request's own", async () => {
    const query = "SELECT getSetting('max_block_size') AS v";
    assert.deepEqual(await rowsOf(query, { clickhouse_settings: { max_block_size: "4242" } }), [{ v: 4242 }]);
    assert.notDeepEqual(await rowsOf(query), [{ v: 4242 }]);
    await assert.rejects(rowsOf("SELECT 1", { clickhouse_settings: { no_such_setting: 1 } }), (error) => error.type === "UNKNOWN_SETTING");
  });

  test("a session keeps temporary tables and settings", async () => {
    const session = createClient({ url, session_id: `s${process.pid}` });
    await session.command({ query: "CREATE TEMPORARY TABLE mine (a UInt8)" });
    await session.insert({ table: "mine", values: [{ a: 7 }], format: "JSONEachRow" });
    await session.command({ query: "SET max_block_size = 77" });
    const result = await session.query({ query: "SELECT a, getSetting('max_block_size') AS v FROM mine", format: "JSONEachRow" });
    assert.deepEqual(await result.json(), [{ a: 7, v: 77 }]);
    await assert.rejects(client.query({ query: "SELECT * FROM mine" }), (error) => error.type === "UNKNOWN_TABLE");
    await session.close();
  });

  test("the database of the client", async () => {
    const own = createClient({ url, database });
    const result = await own.query({ query: "SELECT currentDatabase() AS d", format: "JSONEachRow" });
    assert.deepEqual(await result.json(), [{ d: database }]);
    await own.close();
  });
});
