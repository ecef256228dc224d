//! `commonweal topics apply`.

use crate::AppError;
use crate::provision::{Plan, Step, Wanted, plan, wanted};
use crate::settings::Loaded;
use commonweal_runtime::Exit;
use commonweal_runtime::kafka::{TopicAdmin, TopicFound};
use std::collections::BTreeMap;

/// Makes and changes topics, or says what would be done. `lossy`: the brokers
/// may delete messages by it.
pub(crate) fn apply(loaded: &Loaded, dry_run: bool, lossy: bool) -> Result<Exit, AppError> {
    let admin = TopicAdmin::connect(&loaded.config.kafka)?;
    let topics = wanted(&loaded.config);
    let names: Vec<&str> = topics.iter().map(|topic| topic.spec.name.as_str()).collect();
    let found = admin.describe(&names)?;
    let mut differs = false;
    for topic in &topics {
        let found = found.get(&topic.spec.name);
        let plan = plan(topic, found, lossy);
        differs |= !plan.left.is_empty();
        print(topic, &plan, dry_run);
        if !dry_run {
            perform(&admin, topic, found, &plan)?;
        }
    }
    Ok(if differs { Exit::CheckFailed } else { Exit::Ok })
}

fn print(topic: &Wanted, plan: &Plan, dry_run: bool) {
    let name = &topic.spec.name;
    let mood = if dry_run { "would " } else { "" };
    for step in &plan.steps {
        match step {
            Step::Create => println!("{name}: {mood}create: {}", shape(topic)),
            step => println!("{name}: {mood}change: {step}"),
        }
    }
    for left in &plan.left {
        println!("{name}: left as it is: {left}");
    }
    if plan.steps.is_empty() && plan.left.is_empty() {
        println!("{name}: as it should be");
    }
}

fn shape(topic: &Wanted) -> String {
    let spec = &topic.spec;
    let replicas = spec.replication_factor.map_or_else(|| "default".to_owned(), |factor| factor.to_string());
    let settings: Vec<String> = spec.settings.iter().map(|(name, value)| format!("{name} {value}")).collect();
    format!("partitions {}, replicas {replicas}, {}", spec.partitions, settings.join(", "))
}

fn perform(admin: &TopicAdmin<'_>, topic: &Wanted, found: Option<&TopicFound>, plan: &Plan) -> Result<(), AppError> {
    let mut changes = BTreeMap::new();
    for step in &plan.steps {
        match step {
            Step::Create => admin.create(&topic.spec)?,
            Step::AddPartitions { to, .. } => admin.add_partitions(&topic.spec.name, *to)?,
            Step::Set { setting, to, .. } => {
                changes.insert(setting.clone(), to.clone());
            }
        }
    }
    match found {
        Some(found) if !changes.is_empty() => Ok(admin.set(&topic.spec.name, found, &changes)?),
        _ => Ok(()),
    }
}
