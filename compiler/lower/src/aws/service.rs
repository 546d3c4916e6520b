//! Services run in processes: one task definition and one service of the cluster each, with image, log and roles.

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::{Json, ResourceId, Value};
use serde_json::json;

use super::access_log::AccessLog;
use super::compute::Compute;
use super::network::{Network, PROCESS_PORT};
use super::runtime::{self, Told};
use super::{gateway, registry, roles, secret};
use crate::builder::{Draft, Lowering, id, output};
use crate::processes::Process;
use crate::sizes::WRITER_IMAGE;

/// Name of the one container of a task.
pub(crate) const CONTAINER: &str = "app";

/// Name of the container that writes what the app is told, of its variable with the text, and of the folder that both see.
const WRITER: &str = "config";
const CONFIG: &str = "CONFIG";
const VOLUME: &str = "config";

/// Percent of CPU at which a process gets another instance.
const BUSY_PERCENT: f64 = 60.0;

/// Seconds that a new instance has before its health counts.
const GRACE_SECONDS: u32 = 60;

/// What a process runs, and what it is told.
pub(crate) struct Release<'a> {
    /// The image, once one is named.
    pub image: Option<&'a str>,
    pub told: Told,
}

pub(crate) fn lower(
    lowering: &mut Lowering<'_>,
    process: &Process,
    release: &Release<'_>,
    compute: &Compute,
    network: &Network,
    log: Option<&AccessLog>,
) {
    let Some(cluster) = &compute.cluster else { return };
    let repository = registry::lower(lowering, process);
    let log_group = log_group(lowering, process);
    let roles = roles::lower(lowering, process, &repository, &log_group);
    let image = release.image.map_or_else(|| awaited_image(lowering, process, &repository), Value::from);
    let task = task_definition(lowering, process, &image, &release.told, &log_group, &roles);
    let mut service =
        Draft::new(id(["compute", &process.name, "service"]), "AWS::ECS::Service", &process.origin)
            .deployed()
            .named([&process.name])
            .properties(service_properties(process, cluster, &task, network));
    if lowering.sizes.process.most_instances.is_none() {
        // Where instances are scaled, how many there are is for the scaling to say.
        service = service.set("DesiredCount", lowering.sizes.process.instances);
    }
    if process.gateway {
        let gateways = gateway::lower(lowering, network, log);
        let groups = gateways.iter().map(|gateway| {
            json!({
                "ContainerName": CONTAINER,
                "ContainerPort": PROCESS_PORT,
                "TargetGroupArn": output(&gateway.target_group, "/TargetGroupArn"),
            })
        });
        service = service
            .set("LoadBalancers", groups.collect::<Vec<Json>>())
            .set("HealthCheckGracePeriodSeconds", GRACE_SECONDS);
        // A target group takes no instances before a listener sends to it.
        service = gateways.iter().fold(service, |service, gateway| service.after(&gateway.listener));
    }
    if let Some(namespace) = &compute.namespace {
        let discovery = discovery(lowering, process, namespace);
        service = service.set("ServiceRegistries", json!([{ "RegistryArn": output(&discovery, "/Arn") }]));
    }
    // An instance that starts before its roles may do anything fails, and starts again.
    service = roles.policies.iter().fold(service, Draft::after);
    let service = lowering.add(service);
    scaling(lowering, process, cluster, &service);
}

fn log_group(lowering: &mut Lowering<'_>, process: &Process) -> ResourceId {
    let days = lowering.sizes.log_days;
    let draft =
        Draft::new(id(["compute", &process.name, "log-group"]), "AWS::Logs::LogGroup", &process.origin);
    lowering.add(draft.named_as([&process.name], "log").properties(json!({ "RetentionInDays": days })))
}

/// The image that a later build names. It is nobody's to make, so that what runs it waits.
fn awaited_image(lowering: &mut Lowering<'_>, process: &Process, repository: &ResourceId) -> Value {
    let draft = Draft::new(id(["compute", &process.name, "image"]), "Manifest::Image", &process.origin);
    let draft = draft.deployed().properties(json!({ "Repository": output(repository, "/RepositoryUri") }));
    output(&lowering.add(draft), "/Uri")
}

fn task_definition(
    lowering: &mut Lowering<'_>,
    process: &Process,
    image: &Value,
    told: &Told,
    log_group: &ResourceId,
    roles: &roles::Roles,
) -> ResourceId {
    let log = json!({
        "LogDriver": "awslogs",
        "Options": {
            "awslogs-group": output(log_group, "/LogGroupName"),
            "awslogs-region": lowering.region(),
            "awslogs-stream-prefix": CONTAINER,
        },
    });
    secret::check(lowering, process);
    let secrets = runtime::secrets(lowering, process).into_iter();
    // Not `/Id`: of a secret that has no value yet there is an identifier, and nothing that a container could be told.
    let secrets =
        secrets.map(|(name, secret)| json!({ "Name": name, "ValueFrom": output(&secret, "/ValueFrom") }));
    let mut variables = vec![variable("PORT", PROCESS_PORT.to_string())];
    let mut app = json!({
        "Name": CONTAINER,
        "Image": image,
        "Essential": true,
        "PortMappings": [{ "ContainerPort": PROCESS_PORT, "Protocol": "tcp" }],
        "Secrets": secrets.collect::<Json>(),
        "LogConfiguration": log,
    });
    let mut containers = Vec::new();
    let mut volumes = json!([]);
    match told {
        Told::Variable(config) => variables.push(variable("ENCORE_RUNTIME_CONFIG", config)),
        Told::File(config) => {
            variables.push(variable("ENCORE_INFRA_CONFIG_PATH", runtime::FILE));
            app["DependsOn"] = json!([{ "ContainerName": WRITER, "Condition": "SUCCESS" }]);
            app["MountPoints"] = mounted(true);
            containers.push(writer(config, &log));
            volumes = json!([{ "Name": VOLUME }]);
        }
    }
    app["Environment"] = Json::Array(variables);
    containers.insert(0, app);
    check_size(lowering, process);
    let size = &lowering.sizes.process;
    let id = id(["compute", &process.name, "task-definition"]);
    let draft = Draft::new(id, "AWS::ECS::TaskDefinition", &process.origin).deployed().named([&process.name]);
    let draft = draft.properties(json!({
        "ContainerDefinitions": containers,
        "Cpu": size.cpu.to_string(),
        "Memory": size.memory_mib.to_string(),
        "NetworkMode": "awsvpc",
        "RequiresCompatibilities": ["FARGATE"],
        "RuntimePlatform": { "CpuArchitecture": "X86_64", "OperatingSystemFamily": "LINUX" },
        "ExecutionRoleArn": output(&roles.execution, "/Arn"),
        "TaskRoleArn": output(&roles.task, "/Arn"),
    }));
    lowering.add(if volumes == json!([]) { draft } else { draft.set("Volumes", volumes) })
}

fn variable(name: &str, value: impl serde::Serialize) -> Json {
    json!({ "Name": name, "Value": value })
}

/// The container that writes what the app is told to a file that both see, and ends: Fargate has no other way to give a file to
/// a container, and the app's image need not have a shell.
fn writer(config: &Value, log: &Json) -> Json {
    json!({
        "Name": WRITER,
        "Image": WRITER_IMAGE,
        "Essential": false,
        "EntryPoint": ["/bin/sh", "-c"],
        "Command": [format!("printf %s \"${CONFIG}\" > {}", runtime::FILE)],
        "Environment": [variable(CONFIG, config)],
        "MountPoints": mounted(false),
        "ReadonlyRootFilesystem": true,
        "LogConfiguration": log,
    })
}

fn mounted(read_only: bool) -> Json {
    json!([{ "SourceVolume": VOLUME, "ContainerPath": runtime::FOLDER, "ReadOnly": read_only }])
}

/// What Fargate runs: CPU units, then the least and most memory in MiB and the step between.
const FARGATE_SIZES: [(u32, u32, u32, u32); 7] = [
    (256, 512, 2_048, 512),
    (512, 1_024, 4_096, 1_024),
    (1_024, 2_048, 8_192, 1_024),
    (2_048, 4_096, 16_384, 1_024),
    (4_096, 8_192, 30_720, 1_024),
    (8_192, 16_384, 61_440, 4_096),
    (16_384, 32_768, 122_880, 8_192),
];

/// Reports a combination of CPU and memory that Fargate does not run.
fn check_size(lowering: &mut Lowering<'_>, process: &Process) {
    let Some(settings) = lowering.environment.environment.process.get(&process.name) else { return };
    let cpu = settings.cpu.unwrap_or(lowering.sizes.process.cpu);
    let memory = settings.memory_mib.unwrap_or(lowering.sizes.process.memory_mib);
    let name = process.name.as_str();
    let (message, help, key) = match FARGATE_SIZES.iter().find(|(units, ..)| *units == cpu) {
        None => {
            let units: Vec<String> = FARGATE_SIZES.iter().map(|(units, ..)| units.to_string()).collect();
            (
                format!("process `{name}` cannot have {cpu} CPU units"),
                format!("write {}", units.join(", ")),
                "cpu",
            )
        }
        Some((_, least, most, step)) if !(*least..=*most).contains(&memory) || memory % step != 0 => (
            format!("process `{name}` cannot have {memory} MiB of memory with {cpu} CPU units"),
            format!("write {least} to {most} in steps of {step}"),
            if settings.memory_mib.is_some() { "memory_mib" } else { "cpu" },
        ),
        Some(_) => return,
    };
    let diagnostic = Diagnostic::error(Code::E0003, message).help(help);
    lowering.found.push(lowering.environment.point(diagnostic, &["process", name, key]));
}

fn service_properties(process: &Process, cluster: &ResourceId, task: &ResourceId, network: &Network) -> Json {
    let subnets: Vec<Value> = network.compute.iter().map(|subnet| output(subnet, "/SubnetId")).collect();
    json!({
        "Cluster": output(cluster, "/ClusterName"),
        "TaskDefinition": output(task, "/TaskDefinitionArn"),
        "LaunchType": "FARGATE",
        "PlatformVersion": "LATEST",
        "EnableECSManagedTags": true,
        "PropagateTags": "SERVICE",
        "DeploymentConfiguration": {
            "DeploymentCircuitBreaker": { "Enable": true, "Rollback": true },
            "MaximumPercent": 200,
            "MinimumHealthyPercent": 100,
        },
        "NetworkConfiguration": { "AwsvpcConfiguration": {
            "AssignPublicIp": "DISABLED",
            "SecurityGroups": [output(&network.groups.processes[&process.name], "/GroupId")],
            "Subnets": subnets,
        } },
    })
}

/// The id of the name by which other processes find this one.
pub(crate) fn discovery_id(process: &Process) -> ResourceId {
    id(["compute", &process.name, "discovery"])
}

/// The name by which other processes find this one.
fn discovery(lowering: &mut Lowering<'_>, process: &Process, namespace: &ResourceId) -> ResourceId {
    let draft = Draft::new(discovery_id(process), "AWS::ServiceDiscovery::Service", &process.origin);
    lowering.add(draft.named([&process.name]).properties(json!({
        "NamespaceId": output(namespace, "/Id"),
        "DnsConfig": { "DnsRecords": [{ "Type": "A", "TTL": 10 }], "RoutingPolicy": "MULTIVALUE" },
        "HealthCheckCustomConfig": { "FailureThreshold": 1 },
    })))
}

/// More instances when they are busy, where the environment's type scales.
fn scaling(lowering: &mut Lowering<'_>, process: &Process, cluster: &ResourceId, service: &ResourceId) {
    let size = &lowering.sizes.process;
    let Some(most) = size.most_instances else { return };
    let asked =
        lowering.environment.environment.process.get(&process.name).and_then(|process| process.instances);
    let what = json!({
        "ServiceNamespace": "ecs",
        "ScalableDimension": "ecs:service:DesiredCount",
        "ResourceId": Value::join([
            "service/".into(),
            output(cluster, "/ClusterName"),
            "/".into(),
            output(service, "/Name"),
        ]),
    });
    let mut target = what.clone();
    target["MinCapacity"] = json!(size.instances);
    target["MaxCapacity"] = json!(most.max(asked.unwrap_or(0)));
    let draft = Draft::new(
        id(["compute", &process.name, "scalable-target"]),
        "AWS::ApplicationAutoScaling::ScalableTarget",
        &process.origin,
    );
    let target = lowering.add(draft.deployed().properties(target));
    let mut policy = what;
    policy["PolicyType"] = json!("TargetTrackingScaling");
    policy["TargetTrackingScalingPolicyConfiguration"] = json!({
        "PredefinedMetricSpecification": { "PredefinedMetricType": "ECSServiceAverageCPUUtilization" },
        "TargetValue": BUSY_PERCENT,
    });
    let draft = Draft::new(
        id(["compute", &process.name, "scaling-policy"]),
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        &process.origin,
    );
    lowering.add(draft.deployed().named([&process.name]).properties(policy).after(&target));
}
