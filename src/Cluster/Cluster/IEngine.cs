using Lambda.Domain.Events;
using Lambda.Domain.Views;
using Lambda.Serving.Cases;
using Lambda.Serving.Identity;
using Lambda.Serving.Ports;
using Lambda.Serving.Search;
using Lambda.Serving.Security;
using Lambda.Serving.Segments;
using Lambda.SpeedLayer.Cards;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Cluster;

/// <summary>A running engine as the host sees it, whatever runtime carries it: what the API, the demo, the benches and an embedded import work on.</summary>
public interface IEngine : IAsyncDisposable
{
    IEventIntake Intake { get; }
    ICustomerReads Reads { get; }
    IBatchRuns Runs { get; }
    IEngineStatus Status { get; }
    IDefinitions Definitions { get; }
    IQuarantine Quarantine { get; }

    /// <summary>How far imports came, where every node of the installation finds it.</summary>
    IImportJournal Imports { get; }
    IRecompute Recompute { get; }
    IOperations Operations { get; }
    IModels Models { get; }
    IFraudModels FraudModels { get; }
    IApiKeys Keys { get; }

    /// <summary>Where this node's audit chain is kept. Whoever opens an audit log on it disposes it.</summary>
    IAuditStore Audit { get; }

    CustomerPseudonym Pseudonyms { get; }

    /// <summary>All customers at once.</summary>
    PopulationParts Population { get; }

    /// <summary>Who is in which segment, and who is told of it.</summary>
    SegmentParts Segments { get; }

    /// <summary>Null where nothing is decided.</summary>
    IAuthorizations? Authorizations { get; }
    IAuthorizationRecords AuthorizationRecords { get; }
    IDecisionReplay Replay { get; }
    IFraudRuleBook FraudRules { get; }
    IRuleBacktest RuleBacktest { get; }

    /// <summary>Transactions that somebody should look at.</summary>
    CaseParts Cases { get; }

    /// <summary>Cards by their tokens.</summary>
    CardLookup Cards { get; }

    IErasures Erasures { get; }

    /// <summary>Who is one person with whom.</summary>
    IdentityDesk Identity { get; }

    IIdentifiers Identifiers { get; }

    /// <summary>Completes with an exception when the engine cannot go on as a whole (log lost, disk gone); one stopped partition only degrades it.</summary>
    Task Faulted { get; }

    /// <summary>Completes when this node was asked to leave from outside the process: its host stops it as if told by a signal.</summary>
    Task AskedToStop { get; }

    /// <summary>Gives what it owns to other nodes, where there are any, and goes on answering. Comes before the API ends and before <see cref="StopAsync"/>.</summary>
    Task HandOverAsync(CancellationToken hurry);

    /// <summary>Takes no more, folds what is durable, writes checkpoints, stops the children. Idempotent; <paramref name="hurry"/> skips what recovery can redo.</summary>
    Task StopAsync(CancellationToken hurry);
}

/// <summary>The independent way to an answer, for checking served ones: from the customer's raw events by the compiled SQL.</summary>
public interface IRecompute
{
    /// <summary>Waits until the warehouse holds the partition's records below <paramref name="belowOffset"/>, then recomputes. Null when the customer has none.</summary>
    Task<Answer?> RecomputeAsync(CustomerId customer, long belowOffset, int asOfDay, CancellationToken cancel);
}
