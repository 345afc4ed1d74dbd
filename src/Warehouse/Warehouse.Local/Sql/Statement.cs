using System.Text;
using Lambda.Warehouse.Local.Engine;

namespace Lambda.Warehouse.Local.Sql;

internal enum StatementKind
{
    Empty,
    /// <summary>Gives rows and can be streamed out of the engine.</summary>
    Select,
    /// <summary>INSERT … FORMAT or VALUES: the head ends where the data begins.</summary>
    InsertData,
    /// <summary>All else, INSERT … SELECT among it.</summary>
    Other,
    /// <summary>An INSERT whose data was not reached: read more of the text.</summary>
    Incomplete,
}

/// <summary>What must be known of a statement before the engine sees it.</summary>
/// <param name="End">Behind its last token, a closing semicolon excepted. For <see cref="StatementKind.InsertData"/>: the head's end,
/// before FORMAT or VALUES.</param>
/// <param name="DataStart">Where an insert's data begins.</param>
/// <param name="Format">Named by the text, else null.</param>
/// <param name="NeedsWhole">More than rows comes out (totals, extremes, brackets around all), which only a whole result has right.</param>
internal readonly record struct Statement(StatementKind Kind, int End, int DataStart, string? Format, bool NeedsWhole)
{
    /// <param name="isWhole">False: the text goes on behind what is given.</param>
    /// <exception cref="QueryError">More than one statement, or one that would touch files of this machine.</exception>
    internal static Statement Read(ReadOnlySpan<byte> sql, bool isWhole)
    {
        var scanner = new SqlScanner(sql);
        var first = scanner.Next();
        if (first.Kind == TokenKind.End)
            return new Statement(isWhole ? StatementKind.Empty : StatementKind.Incomplete, 0, 0, null, false);
        if (scanner.Is(first, "INSERT"u8))
            return InsertReader.Read(ref scanner, sql, isWhole);
        scanner.Position = 0;
        return ReadQuery(ref scanner, sql, isWhole);
    }

    internal static QueryError MultiStatement(int position) => QueryError.Of(62, "SYNTAX_ERROR",
        $"Syntax error (Multi-statements are not allowed): failed at position {position + 1} (end of query)");

    /// <summary>Reads to the end of a statement without data of its own.</summary>
    internal static Statement ReadQuery(ref SqlScanner scanner, ReadOnlySpan<byte> sql, bool isWhole)
    {
        if (!isWhole)
            return new Statement(StatementKind.Incomplete, 0, 0, null, false);
        var facts = new QueryFacts();
        while (true)
        {
            var token = scanner.Next();
            if (token.Kind == TokenKind.End)
                break;
            if (token.Kind == TokenKind.Semicolon)
            {
                facts.SemicolonAt ??= token.Start;
                continue;
            }
            if (facts.SemicolonAt is { } at)
                throw MultiStatement(at);
            facts.See(ref scanner, token, sql);
        }
        return new Statement(facts.IsSelect ? StatementKind.Select : StatementKind.Other, facts.End, 0, facts.Format, facts.NeedsWhole);
    }

    /// <summary>Gathers what matters from the tokens of one statement.</summary>
    private ref struct QueryFacts
    {
        private int _depth, _count;
        private Token _previous;
        private bool _hasInsert, _startsLikeSelect, _afterFormat, _afterFormatName;

        internal int? SemicolonAt;

        internal int End { get; private set; }
        internal string? Format { get; private set; }
        internal bool NeedsWhole { get; private set; }
        internal readonly bool IsSelect => _startsLikeSelect && !_hasInsert;

        internal void See(ref SqlScanner scanner, Token token, ReadOnlySpan<byte> sql)
        {
            if (_count++ == 0)
                _startsLikeSelect = scanner.Is(token, "SELECT"u8) || scanner.Is(token, "WITH"u8) || scanner.Is(token, "FROM"u8)
                    || sql[token.Start] == '(';
            if (token.Kind is TokenKind.Open or TokenKind.Close)
                _depth += token.Kind == TokenKind.Open ? 1 : -1;
            SeeFormat(ref scanner, token, sql);
            _hasInsert |= _depth == 0 && scanner.Is(token, "INSERT"u8);
            NeedsWhole |= scanner.Is(token, "TOTALS"u8) || scanner.Is(token, "EXTREMES"u8)
                || scanner.Is(token, "OUTPUT_FORMAT_JSON_ARRAY_OF_ROWS"u8);
            RefuseFiles(ref scanner, token);
            _previous = token;
            End = token.End;
        }

        /// <summary>FORMAT is no reserved word (SELECT 1 AS format FROM t): a clause only if SETTINGS, INTO or nothing follows.</summary>
        private void SeeFormat(ref SqlScanner scanner, Token token, ReadOnlySpan<byte> sql)
        {
            if (_afterFormatName && !scanner.Is(token, "SETTINGS"u8) && !scanner.Is(token, "INTO"u8))
                Format = null;
            _afterFormatName = _afterFormat && token.Kind is (TokenKind.Word or TokenKind.Quoted);
            if (_afterFormatName)
                Format = Encoding.UTF8.GetString(sql[token.Start..token.End].Trim("\"`"u8));
            _afterFormat = _depth == 0 && !_afterFormatName && scanner.Is(token, "FORMAT"u8);
        }

        /// <summary>These run in the client's part of the engine, outside of every access right.</summary>
        private readonly void RefuseFiles(ref SqlScanner scanner, Token token)
        {
            if (scanner.Is(token, "OUTFILE"u8) && scanner.Is(_previous, "INTO"u8))
                throw QueryError.Of(358, "INTO_OUTFILE_NOT_ALLOWED", "INTO OUTFILE is not allowed");
            if (scanner.Is(token, "INFILE"u8) && scanner.Is(_previous, "FROM"u8))
                throw InsertReader.InfileRefused();
        }
    }
}
