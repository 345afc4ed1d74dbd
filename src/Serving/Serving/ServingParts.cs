using Lambda.Serving.Cases;
using Lambda.Serving.Identity;
using Lambda.Serving.Ports;
using Lambda.Serving.Search;
using Lambda.Serving.Security;
using Lambda.Serving.Segments;
using Lambda.SpeedLayer.Cards;
using Lambda.SpeedLayer.Ports;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving;

/// <summary>What the API works on.</summary>
public sealed record ServingParts(
    IEventIntake Intake, ICustomerReads Reads, IBatchRuns Runs, IEngineStatus Status, IDefinitions Definitions, IQuarantine Quarantine,
    IImportJournal Imports, IOperations Operations, TimeProvider Time)
{
    /// <summary>Answers a scrape of /metrics: the host's choice of exporter. Null: there is none, and /metrics says so.</summary>
    public RequestDelegate? Metrics { get; init; }

    /// <summary>All customers at once.</summary>
    public required PopulationParts Population { get; init; }

    /// <summary>Who is in which segment, and who is told of it.</summary>
    public required SegmentParts Segments { get; init; }

    /// <summary>Null: no estimates are given.</summary>
    public IModels? Models { get; init; }

    /// <summary>Null: this node decides nothing.</summary>
    public IAuthorizations? Authorizations { get; init; }
    public IAuthorizationRecords? AuthorizationRecords { get; init; }
    public IDecisionReplay? Replay { get; init; }
    public IFraudRuleBook? FraudRules { get; init; }
    public IRuleBacktest? RuleBacktest { get; init; }

    /// <summary>Null: nobody looks at cases.</summary>
    public CaseParts? Cases { get; init; }

    /// <summary>Null: nothing is scored.</summary>
    public IFraudModels? FraudModels { get; init; }

    /// <summary>Null: nothing is known of cards.</summary>
    public CardLookup? Cards { get; init; }

    /// <summary>Null: nobody can be erased.</summary>
    public IErasures? Erasures { get; init; }

    /// <summary>Null: nobody can be merged.</summary>
    public IdentityDesk? Identity { get; init; }

    /// <summary>Null: nobody is found by one.</summary>
    public IIdentifiers? Identifiers { get; init; }

    /// <summary>Keys and audit log. Null: there are none, which only a server without keys (`--dev`) can do without.</summary>
    public Guard? Guard { get; init; }

    public long NowMs => Time.GetUtcNow().ToUnixTimeMilliseconds();
}
