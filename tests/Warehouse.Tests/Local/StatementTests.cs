using System.Text;
using Lambda.Warehouse.Local.Engine;
using Lambda.Warehouse.Local.Sql;
using Xunit;

namespace Lambda.Warehouse.Tests.Local;

/// <summary>What the server reads out of a text before the engine sees it.</summary>
public sealed class StatementTests
{
    [Theory]
    [InlineData("SELECT 1")]
    [InlineData("SELECT 1;")]
    [InlineData("SELECT 1 ; -- that was it; really")]
    [InlineData("SELECT ';' , \";\" , `;` , $$;$$, $x$;$x$ /* ; */ -- ;")]
    [InlineData("SELECT 'it''s; \\'; x'")]
    [InlineData("SELECT ‘;’")]
    [InlineData("# a comment; here\nSELECT 1")]
    [InlineData("WITH 1 AS a SELECT a")]
    [InlineData("(SELECT 1) UNION ALL (SELECT 2)")]
    [InlineData("FROM t SELECT a")]
    public void Read_WhenOneSelect_IsSelect(string sql) => Assert.Equal(StatementKind.Select, Read(sql).Kind);

    [Theory]
    [InlineData("SELECT 1; SELECT 2")]
    [InlineData("SELECT 1;;SELECT 2")]
    [InlineData("SET a = 1; DROP TABLE t")]
    [InlineData("SELECT 'a\\\\'; DROP TABLE t --'")]
    [InlineData("SELECT 1 /* */; /* */ SELECT 2")]
    [InlineData("INSERT INTO t SELECT 1; DROP TABLE t")]
    public void Read_WhenSeveralStatements_Refuses(string sql) => Assert.Equal(62, Assert.Throws<QueryError>(() => Read(sql)).Code);

    [Theory]
    [InlineData("INSERT INTO t FORMAT TSV\n1\t2", "INSERT INTO t ", "TSV", "1\t2")]
    [InlineData("INSERT INTO t FORMAT TSV \r\n\n1;2", "INSERT INTO t ", "TSV", "\n1;2")]
    [InlineData("insert into `d b`.\"t;\" (a, `b)`) format JSONEachRow {\"a\":1}", "insert into `d b`.\"t;\" (a, `b)`) ", "JSONEachRow", "{\"a\":1}")]
    [InlineData("\ufeffINSERT INTO\u00a0t\u2003FORMAT CSV\n1;2", "\ufeffINSERT INTO\u00a0t\u2003", "CSV", "1;2")]
    [InlineData("INSERT INTO t VALUES (1), (2); DROP TABLE t", "INSERT INTO t ", "Values", " (1), (2); DROP TABLE t")]
    [InlineData("INSERT INTO t (a) SETTINGS max_threads = 1 FORMAT CSV\n", "INSERT INTO t (a) SETTINGS max_threads = 1 ", "CSV", "")]
    [InlineData("INSERT INTO values FORMAT CSV\n1", "INSERT INTO values ", "CSV", "1")]
    [InlineData("INSERT INTO db.format VALUES (1)", "INSERT INTO db.format ", "Values", " (1)")]
    [InlineData("INSERT INTO TABLE FUNCTION null('a UInt8') FORMAT CSV\n1", "INSERT INTO TABLE FUNCTION null('a UInt8') ", "CSV", "1")]
    [InlineData("/* note */ INSERT t FORMAT CSV\n1\n\nSELECT 2", "/* note */ INSERT t ", "CSV", "1\n\nSELECT 2")]
    public void Read_WhenInsertWithData_SplitsHeadAndData(string sql, string head, string format, string data)
    {
        var statement = Read(sql);
        Assert.Equal(StatementKind.InsertData, statement.Kind);
        Assert.Equal(format, statement.Format);
        Assert.Equal(head, sql[..statement.End]);
        Assert.Equal(data, sql[statement.DataStart..]);
    }

    [Theory]
    [InlineData("INSERT INTO t SELECT 1")]
    [InlineData("INSERT INTO t (a) SELECT 1 AS format")]
    [InlineData("INSERT INTO t (SELECT 1)")]
    [InlineData("INSERT INTO t WITH 1 AS a SELECT a")]
    [InlineData("WITH 1 AS a INSERT INTO t SELECT a")]
    [InlineData("SHOW TABLES")]
    [InlineData("EXPLAIN SELECT 1")]
    [InlineData("CREATE TABLE t (a Int8) ENGINE = Memory AS SELECT 1")]
    public void Read_WhenNothingToStream_IsOther(string sql) => Assert.Equal(StatementKind.Other, Read(sql).Kind);

    [Theory]
    [InlineData("SELECT 1 FORMAT JSON", "JSON")]
    [InlineData("SELECT 1 format csv;", "csv")]
    [InlineData("SELECT 1 FORMAT CSV SETTINGS max_threads = 1", "CSV")]
    [InlineData("SELECT 1 SETTINGS max_threads = 1 FORMAT CSV -- end", "CSV")]
    [InlineData("SELECT format('{}', 1)", null)]
    [InlineData("SELECT 1 AS format FROM t", null)]
    [InlineData("SELECT * FROM (SELECT 1 AS a) WHERE a = ' FORMAT CSV'", null)]
    public void Read_WhenFormatIsNamed_FindsIt(string sql, string? format) => Assert.Equal(format, Read(sql).Format);

    [Theory]
    [InlineData("SELECT 1 INTO OUTFILE '/x'", 358)]
    [InlineData("select 1 into /* a */ outfile '/x' truncate format CSV", 358)]
    [InlineData("INSERT INTO t FROM INFILE '/x' FORMAT CSV", 78)]
    public void Read_WhenFilesOfTheMachine_Refuses(string sql, int code) => Assert.Equal(code, Assert.Throws<QueryError>(() => Read(sql)).Code);

    [Fact]
    public void Read_OfEveryPartOfAnInsert_NeverDecidesOtherwiseThanTheWhole()
    {
        const string sql = "INSERT INTO `t` (a, b) SETTINGS x = 'FORMAT CSV' FORMAT TabSeparated\r\n1\tx";
        var whole = Read(sql);
        for (var length = 0; length < sql.Length; length++)
        {
            var part = Statement.Read(Encoding.UTF8.GetBytes(sql[..length]), isWhole: false);
            if (part.Kind != StatementKind.Incomplete)
                Assert.Equal(whole, part);
        }
    }

    [Fact]
    public void Read_OfAnyBytes_EndsInAStatementOrARefusal()
    {
        var random = new Random(20260801);
        string[] pieces = ["INSERT INTO t ", "SELECT ", "'", "\"", "`", "\\", "$", "$$", "$a$", "/*", "*/", "--", "#!", "\n", ";", "(", ")", "FORMAT ",
            "VALUES", "CSV", "\u2018", "\u2019", "\0", "é", "WITH ", "1.5e", ".", "FROM INFILE", " "];
        for (var round = 0; round < 20_000; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => pieces[random.Next(pieces.Length)]));
            var bytes = Encoding.UTF8.GetBytes(text);
            if (bytes.Length > 0 && random.Next(4) == 0)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                var statement = Statement.Read(bytes, isWhole: random.Next(2) == 0);
                Assert.InRange(statement.End, 0, bytes.Length);
                Assert.InRange(statement.DataStart, 0, bytes.Length);
            }
            catch (QueryError)
            {
                // A refusal is an answer.
            }
        }
    }

    private static Statement Read(string sql) => Reindex(sql, Statement.Read(Encoding.UTF8.GetBytes(sql), isWhole: true));

    /// <summary>Positions are bytes; these texts are compared by characters.</summary>
    private static Statement Reindex(string sql, Statement statement)
    {
        var bytes = Encoding.UTF8.GetBytes(sql);
        int Characters(int position) => Encoding.UTF8.GetCharCount(bytes, 0, position);
        return statement with { End = Characters(statement.End), DataStart = Characters(statement.DataStart) };
    }
}
