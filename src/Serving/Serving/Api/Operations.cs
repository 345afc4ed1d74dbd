namespace Lambda.Serving.Api;

/// <summary>Every endpoint. To add one: write its <see cref="Operation"/> in a file of this folder and list it here.</summary>
internal static class Operations
{
    public static readonly IReadOnlyList<Operation> All =
    [
        EventsApi.Post,
        FraudRulesApi.Get, FraudRulesApi.Put, RuleBacktestApi.Run,
        CasesApi.List, CasesApi.Get, CaseActionsApi.Assign, CaseActionsApi.Note, CaseActionsApi.Confirm, CaseActionsApi.Dismiss, CaseActionsApi.Reopen, AlertStreamApi.Get,
        AuthorizationsApi.Post, AuthorizationsApi.Get, AuthorizationsApi.Replay,
        CardsApi.Get,
        CustomersApi.Get, CustomersApi.Events, TimelineApi.Get, ExplainApi.Get,
        SearchApi.Post, LookupApi.Post,
        ExportsApi.Start, ExportsApi.List, ExportsApi.Get, ExportsApi.Cancel,
        SegmentsApi.List, SegmentFeedApi.Get, SegmentsApi.Get, SegmentsApi.Members, MembershipApi.Get,
        WebhooksApi.List, WebhooksApi.Create, WebhooksApi.Get, WebhooksApi.Put, WebhooksApi.Delete, WebhooksApi.Retry, WebhooksApi.Rotate,
        SqlApi.Post,
        IdentityApi.Merge, IdentityApi.Unmerge, IdentityApi.Get, IdentifiersApi.Find, IdentifiersApi.Conflicts,
        PersonalDataApi.Get, ErasuresApi.Erase, ErasuresApi.List, ErasuresApi.Get,
        RunsApi.Start, RunsApi.List, RunsApi.Get, RunsApi.Abandon,
        DefinitionApi.Get, DefinitionApi.Put, DefinitionApi.Post,
        QuarantineApi.List, QuarantineApi.Add, QuarantineApi.Replay,
        ImportsApi.Get, ImportsApi.Put,
        ModelsApi.Lifetime, FraudModelsApi.Get, FraudModelsApi.Promote,
        StatusApi.Status, StatusApi.Health, StatusApi.Ready,
        OperationsApi.Nodes, OperationsApi.DrainNode, OperationsApi.Partitions, OperationsApi.Lag, OperationsApi.Epochs, OperationsApi.Checkpoint,
        KeysApi.List, KeysApi.Create, KeysApi.Revoke,
        AuditApi.List, AuditApi.Heads, AuditApi.Verify,
        TopicsApi.List, TopicsApi.Reset, SourcesApi.List, SourcesApi.Reset,
        MetricsApi.Get, OpenApiEndpoint.Get,
        DashboardApi.Page, DashboardApi.File,
    ];
}
