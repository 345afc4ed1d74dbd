namespace Lambda.Serving;

/// <summary>Every bound of the API in one place.</summary>
public static class Limits
{
    /// <summary>Largest request body as it comes over the wire; what a gzip body unfolds to is bounded by the ingress.</summary>
    public const long RequestBodyBytes = SpeedLayer.Limits.BodyBytes;

    public const int DefinitionBytes = 1 << 20;
    public const int ImportProgressBytes = 16 << 10;
    public const int RefusedBytes = 16 << 20;
    public const int SourceCharacters = 300;
    public const int Connections = 4096;
    public const int WaitMsDefault = 1_000;
    public const int WaitMsMax = 30_000;
    public const int EventsPageDefault = 50;
    public const int EventsPageMax = 1_000;
    public const int QuarantinePageDefault = 100;
    public const int QuarantinePageMax = 1_000;
    public const int ReplayMax = 10_000;
    public const int RunsPageDefault = 20;
    public const int RunsPageMax = 1_000;

    /// <summary>Of one transaction.</summary>
    public const int AuthorizationBytes = 64 << 10;

    public const int SearchBytes = 128 << 10;
    public const int SearchPageDefault = 50;
    public const int SearchPageMax = 1_000;
    public const int SortKeysMax = 5;
    public const int ColumnsMax = 2_000;
    public const int ExportRowsPerPart = 100_000;
    public const int ExportJobsWaiting = 32;
    public const int ExportJobsKept = 100;

    /// <summary>How often a job asks again for what the warehouse cannot give now; each time it waits longer.</summary>
    public const int ExportTries = 12;
    public const int SqlBytes = 128 << 10;
    public const int SqlRowsDefault = 1_000;
    public const int SqlRowsMax = 100_000;
    public const int HistoryPageDefault = 50;
    public const int HistoryPageMax = 500;

    /// <summary>Events that one page looks at to find those that are asked for.</summary>
    public const int HistoryScanned = 10_000;
    public const int LookupBytes = 512 << 10;

    public const int IdentityBytes = 16 << 10;
    public const int ReasonCharacters = 500;

    public const int CasesPageMax = 200;
    public const int CaseBytes = 64 << 10;
    public const int CaseNoteCharacters = 4_000;

    public const int FeedFollowers = 256;
    public const int FeedPage = 1_000;

    /// <summary>How often the feed's end is looked up for all who follow it.</summary>
    public static readonly TimeSpan FeedPoll = TimeSpan.FromMilliseconds(150);

    /// <summary>How often a stream looks whether its key is still good.</summary>
    public static readonly TimeSpan FeedLook = TimeSpan.FromSeconds(1);

    public static readonly TimeSpan FeedHeartbeat = TimeSpan.FromSeconds(15);

    /// <summary>How long changes are kept, to be followed from or delivered.</summary>
    public static readonly TimeSpan FeedKept = TimeSpan.FromDays(7);

    /// <summary>How long an erasure waits for a node to delete export files from its folder. While it waits, the log is kept.</summary>
    public static readonly TimeSpan ExportNodeAway = TimeSpan.FromDays(1);

    public const int Webhooks = 100;
    public const int WebhookBytes = 64 << 10;
    public const int WebhookSegments = 1_000;
    public const int WebhookUrlCharacters = 2_000;

    /// <summary>How long a replaced secret signs beside the new one.</summary>
    public const int WebhookOverlapHours = 24, WebhookOverlapHoursMax = 168;
    public const int LookupMax = 1_000;

    /// <summary>A client that sends its body slower than this is cut off (408) after the grace time.</summary>
    public const double BodyBytesPerSecondMin = 240;

    public static readonly TimeSpan BodyRateGrace = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(15);
    public static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(130);
    public static readonly TimeSpan ShutdownGrace = TimeSpan.FromSeconds(5);

    /// <summary>Pooled response buffers larger than this are not kept.</summary>
    public const int ResponseBufferKeptBytes = 256 << 10;

    public const int KeyBodyBytes = 16 << 10;
    public const int RequestsPerSecondMax = 10_000_000;

    /// <summary>How often each node looks whether a key was made or revoked: what a revocation takes at most, besides the reading.</summary>
    public static readonly TimeSpan KeysRefresh = TimeSpan.FromMilliseconds(400);

    /// <summary>Keys that could not be looked after for so long are not trusted any more: one may have been revoked.</summary>
    public static readonly TimeSpan KeysStaleMax = TimeSpan.FromSeconds(10);

    /// <summary>Audit entries that wait to be written: beyond it requests that need one are refused.</summary>
    public const int AuditPendingBytes = 16 << 20;

    /// <summary>Entries that nobody waits for are gathered so long before they are written.</summary>
    public static readonly TimeSpan AuditLinger = TimeSpan.FromMilliseconds(50);

    /// <summary>After a failure the same entries are tried again so often; until then what needs the audit log is refused.</summary>
    public static readonly TimeSpan AuditRetry = TimeSpan.FromSeconds(1);

    /// <summary>Attempts without a good key that get an entry of their own, per second; the next entry tells how many had none.</summary>
    public const int AuditStrangersPerSecond = 20;

    /// <summary>Subject, detail and the like are cut to so many bytes.</summary>
    public const int AuditTextBytes = 1_024;

    public const int AuditPageDefault = 100;
    public const int AuditPageMax = 1_000;

    /// <summary>Entries a page looks at to find those asked for.</summary>
    public const int AuditScanMax = 200_000;
}
