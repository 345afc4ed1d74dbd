using System.Text;
using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Views;
using Lambda.Domain.Yaml;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Ports;
using Lambda.TestKit;
using Lambda.Warehouse.Analysts;
using Lambda.Warehouse.Client;
using Lambda.Warehouse.Population;
using Lambda.Warehouse.Tests.Local;
using Xunit;

namespace Lambda.Warehouse.Tests.Population;

/// <summary>What analysts may do works; what somebody tries who wants more does not.</summary>
[Collection(LocalWarehouseCollection.Name)]
public sealed class AnalystSqlTests(LocalWarehouseFixture local) : IAsyncLifetime
{
    private static readonly ViewDefinition Definition = DefinitionLoader.Load("sql.yaml", """
        view: sql
        metrics:
          spend: { of: transaction, sum: billing_amount_minor }
          email: { of: profile, latest: email }
          city: { of: profile, latest: city, pii: true }
          bought: { of: transaction, count: true }
          at: { of: transaction, min: occurred_at }
        derived:
          half: "spend / 2"
          shout: "upper(email)"
        segments:
          big: "spend > 10"
        lifetime: { purchases: bought, first: at, last: at, estimates: [p_alive] }
        """);

    private static readonly Dictionary<string, string?> None = [];

    private ClickHouseClient _client = null!;
    private ClickHouseAnalystSql _sql = null!;

    public async Task InitializeAsync()
    {
        if (LocalWarehouse.LibraryPath is null) return;
        _client = await local.MigratedClientAsync();
        var table = new ClickHousePopulation(_client);
        await table.EnsureAsync(Definition, default);
        await table.WriteAsync(Definition, Enumerable.Range(0, 20).Select(Row), default);
        await table.ActivateAsync(Definition, default);
        _sql = new ClickHouseAnalystSql(_client, null, new ClickHousePopulationReads(_client, _ => Definition, TimeProvider.System));
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [SkippableTheory]
    [InlineData("SELECT count() FROM customer_current", "[20]")]
    [InlineData("SELECT count(p_alive), any(lifetime_model) FROM customer_current", "[20, \"m\"]")]
    [InlineData("select customer_id, spend, half from customer_current where has(segments, 'big') order by spend desc limit 1", "[\"c19\", 19, 9.5]")]
    [InlineData("SELECT sum(spend) AS s, avg(spend), quantile(0.5)(spend), uniqExactIf(customer_id, spend > 3), countIf(spend IS NULL) FROM customer_current", "[190, 9.5, 9.5, 16, 0]")]
    [InlineData("WITH x AS (SELECT spend % 3 AS m FROM customer_current) SELECT m, count() FROM x GROUP BY m ORDER BY m -- the rest", "[0, 7]")]
    [InlineData("SELECT customer_id FROM customer_current WHERE customer_id IN (SELECT customer_id FROM customer_current WHERE spend = 5)", "[\"c5\"]")]
    [InlineData("SELECT row_number() OVER (ORDER BY spend DESC) AS r, CASE WHEN spend > 5 THEN 'a' ELSE 'b' END, formatDateTime(toDateTime(0, 'UTC'), '%Y'), arrayMap(x -> x + 1, [1]) FROM customer_current ORDER BY r", "[1, \"a\", \"1970\", [2]]")]
    [InlineData("SELECT toStartOfMonth(as_of), count() FROM customer_current GROUP BY 1", "[\"2024-10-01\", 20]")]
    [InlineData("SELECT count() FROM events", "[0]")]
    [InlineData("SELECT a.customer_id FROM customer_current AS a LEFT JOIN events AS e USING (customer_id) ORDER BY a.customer_id", "[\"c0\"]")]
    [InlineData("SELECT number FROM numbers(3) ORDER BY number DESC", "[2]")]
    public async Task Run_WhenItIsAllowed_GivesRows(string sql, string first)
    {
        LocalWarehouseFixture.SkipIfAbsent();
        var result = await _sql.RunAsync(sql, None, 1_000, default);
        Assert.Equal(first, Encoding.UTF8.GetString(result.Rows[0].Span));
        Assert.Equal(result.Columns.Count, result.Types.Count);
    }

    [SkippableTheory]
    [InlineData("SELECT * FROM system.tables")]
    [InlineData("SELECT * FROM `system`.`tables`")]
    [InlineData("SELECT * FROM system . /* x */ one")]
    [InlineData("SELECT 'one' IN system.databases")]
    [InlineData("SELECT name FROM customer_current WHERE customer_id IN system.databases")]
    [InlineData("SELECT * FROM information_schema.tables")]
    [InlineData("SELECT * FROM INFORMATION_SCHEMA.TABLES")]
    [InlineData("SELECT * FROM {database}.raw_events")]
    [InlineData("SELECT * FROM {database}.customer_current")]
    [InlineData("SELECT (SELECT count() FROM {database}.raw_events)")]
    [InlineData("WITH t AS (SELECT * FROM {database}.raw_events) SELECT * FROM t")]
    [InlineData("SELECT 'x' IN {database}.raw_events")]
    [InlineData("SELECT 1 UNION ALL SELECT toUInt8(count()) FROM {database}.raw_events")]
    [InlineData("SELECT * FROM customer_current JOIN system.one ON 1")]
    [InlineData("SELECT * FROM file('/etc/passwd', 'LineAsString')")]
    [InlineData("SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')")]
    [InlineData("SELECT * FROM remote('127.0.0.1', system.one)")]
    [InlineData("SELECT * FROM executable('x.sh', 'CSV', 'a String')")]
    [InlineData("SELECT * FROM s3('http://127.0.0.1/x', 'CSV', 'a String')")]
    [InlineData("SELECT * FROM merge('system', '.*')")]
    [InlineData("SELECT * FROM cluster('default', system.one)")]
    [InlineData("SELECT * FROM view(SELECT * FROM {database}.raw_events)")]
    [InlineData("SELECT * FROM (EXPLAIN SELECT * FROM {database}.raw_events)")]
    [InlineData("SELECT * FROM (SHOW TABLES)")]
    [InlineData("SELECT * FROM mergeTreeIndex('{database}', 'raw_events')")]
    [InlineData("SELECT * FROM generateRandom('a Int')")]
    [InlineData("SELECT * FROM python('x')")]
    [InlineData("SELECT * FROM fuzzQuery('select 1')")]
    [InlineData("SELECT * FROM loop({database}.raw_events)")]
    [InlineData("SELECT file('/etc/passwd')")]
    [InlineData("SELECT FILE('/etc/passwd')")]
    [InlineData("SELECT `file`('/etc/passwd')")]
    [InlineData("SELECT customer_id APPLY(file) FROM customer_current")]
    [InlineData("SELECT * APPLY(x -> file(x)) FROM customer_current")]
    [InlineData("SELECT COLUMNS('customer_id') APPLY file FROM customer_current")]
    [InlineData("SELECT arrayMap(x -> file(x), ['/etc/passwd'])")]
    [InlineData("SELECT dictGet('d', 'a', 1)")]
    [InlineData("SELECT joinGet('{database}.raw_events', 'body', 1)")]
    [InlineData("SELECT sleep(3)")]
    [InlineData("SELECT hostName(), version(), currentUser()")]
    [InlineData("SELECT getSetting('max_threads')")]
    [InlineData("SELECT getMacro('x')")]
    [InlineData("SELECT hasColumnInTable('{database}', 'raw_events', 'body')")]
    [InlineData("SELECT catboostEvaluate('/x', 1)")]
    [InlineData("SELECT initializeAggregation('sumState', 1)")]
    [InlineData("SELECT 1 SETTINGS max_execution_time = 0")]
    [InlineData("SELECT 1 SETTINGS readonly = 0")]
    [InlineData("SELECT * FROM (SELECT 1 SETTINGS max_threads = 64)")]
    [InlineData("SELECT 1 FORMAT JSON")]
    [InlineData("SELECT 1 INTO OUTFILE '/tmp/lambda-outfile'")]
    [InlineData("SELECT 1; DROP TABLE {database}.raw_events")]
    [InlineData("SELECT 1; SELECT 2")]
    [InlineData("SELECT 1) ; (SELECT 2")]
    [InlineData("SELECT 1) UNION ALL SELECT * FROM (SELECT count() FROM {database}.raw_events")]
    [InlineData("SELECT 1) SETTINGS max_execution_time = 0 --")]
    [InlineData("SELECT 1) INTO OUTFILE '/tmp/lambda-outfile' FORMAT CSV --")]
    [InlineData("SELECT 1) /*")]
    [InlineData("SELECT 1) /* /* ")]
    [InlineData("SELECT number FROM numbers(100000)) /*")]
    [InlineData("DROP TABLE {database}.raw_events")]
    [InlineData("INSERT INTO {database}.raw_events (partition) VALUES (1)")]
    [InlineData("CREATE TABLE x (a Int8) ENGINE = Memory")]
    [InlineData("CREATE TEMPORARY TABLE x (a Int8)")]
    [InlineData("ALTER TABLE {database}.raw_events DELETE WHERE 1")]
    [InlineData("SET readonly = 0")]
    [InlineData("USE system")]
    [InlineData("SYSTEM SHUTDOWN")]
    [InlineData("SHOW TABLES")]
    [InlineData("DESCRIBE TABLE {database}.raw_events")]
    [InlineData("EXPLAIN SELECT 1")]
    [InlineData("KILL QUERY WHERE 1")]
    [InlineData("GRANT ALL ON *.* TO default")]
    [InlineData("BACKUP TABLE {database}.raw_events TO File('/tmp/x')")]
    [InlineData("graph = 1 SELECT 1")]
    [InlineData("")]
    [InlineData("-- nothing")]
    [InlineData("SELECT `x\n   TableIdentifier customer_current` FROM {database}.raw_events")]
    [InlineData("SELECT body FROM events")]
    [InlineData("SELECT extras FROM events")]
    [InlineData("SELECT full_name FROM events")]
    [InlineData("SELECT ip_address FROM events")]
    [InlineData("SELECT city FROM events")]
    [InlineData("SELECT email FROM customer_current")]
    [InlineData("SELECT city FROM customer_current")]
    [InlineData("SELECT shout FROM customer_current")]
    public async Task Run_WhenItReachesFurther_IsRefused(string sql)
    {
        LocalWarehouseFixture.SkipIfAbsent();
        sql = sql.Replace("{database}", _client.Database, StringComparison.Ordinal);
        await Assert.ThrowsAsync<SqlRefusedException>(() => _sql.RunAsync(sql, None, 1_000, default));
        Assert.Equal(0UL, (await _client.ListAsync("SELECT count() FROM raw_events", (ref RowBinaryReader row) => row.UInt64()))[0]);
        Assert.False(File.Exists("/tmp/lambda-outfile"));
    }

    [SkippableFact]
    public async Task Run_WhenAParameterNamesATable_IsRefused()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        var result = await _sql.RunAsync("SELECT count() FROM customer_current WHERE spend >= {least:Int64} AND customer_id != {id:String}",
            new Dictionary<string, string?> { ["least"] = "10", ["id"] = "c12' OR 1=1 --\\" }, 10, default);
        Assert.Equal("[10]", Encoding.UTF8.GetString(result.Rows[0].Span));
        foreach (var name in new[] { "system.tables", $"{_client.Database}.raw_events", "file", "system" })
            await Assert.ThrowsAsync<SqlRefusedException>(() => _sql.RunAsync("SELECT * FROM {t:Identifier}", new Dictionary<string, string?> { ["t"] = name }, 10, default));
        await Assert.ThrowsAsync<SqlRefusedException>(() => _sql.RunAsync("SELECT * FROM {d:Identifier}.tables", new Dictionary<string, string?> { ["d"] = "system" }, 10, default));
        await Assert.ThrowsAsync<SqlRefusedException>(() => _sql.RunAsync("SELECT 1", new Dictionary<string, string?> { ["a&readonly=0"] = "1" }, 10, default));
        await Assert.ThrowsAsync<SqlRefusedException>(() => _sql.RunAsync("SELECT {missing:Int64}", None, 10, default));
    }

    [SkippableFact]
    public async Task Run_WhenThereIsMoreThanTheLimit_IsCutAndSaysSo()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        var result = await _sql.RunAsync("SELECT spend FROM customer_current ORDER BY spend DESC", None, 3, default);
        Assert.Equal(["[19]", "[18]", "[17]"], result.Rows.Select(r => Encoding.UTF8.GetString(r.Span)));
        Assert.True(result.Truncated);
        Assert.False((await _sql.RunAsync("SELECT spend FROM customer_current", None, 20, default)).Truncated);
    }

    [SkippableFact]
    public async Task Run_WhenItTakesTooMuch_IsStopped()
    {
        LocalWarehouseFixture.SkipIfAbsent();
        var memory = await Assert.ThrowsAsync<QueryLimitException>(() => _sql.RunAsync("SELECT groupArray(toString(number)) FROM numbers(1000000000)", None, 10, default));
        Assert.Equal(QueryLimit.Memory, memory.Limit);
    }

    private static PopulationRow Row(int i)
    {
        Value[] scalars = [Value.Int(i), Value.Text($"{i}@x.org"), Value.Text("Köln"), Value.Int(1), Value.Instant(0), Value.DecimalScaled(i * 500_000), Value.Text("X")];
        return new PopulationRow(CustomerId.From($"c{i}"), 1, 1, 1, new Domain.Views.Answer(Definition, 20_000, scalars, new Value[]?[7], [i > 10])) { Estimates = [Value.DecimalScaled(i * 50_000), Value.Text("m")] };
    }
}
