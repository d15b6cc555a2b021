//! What a node director needs to run an SU.

use ais::Millis;
use ais::amf::{
    Command, CompCategory, CompConfig, EscalationLimits, Healthcheck, HealthcheckCommand, ManagedBy,
    Monitoring, SuConfig,
};

use crate::amf_capnp::{command, comp_config, healthcheck, su_config};
use crate::error::{WireError, list_len};
use crate::value::{
    checked, optional_dn, read_dn, read_optional_dn, read_recovery, read_text, read_texts, write_texts,
};

/// The command.
pub fn read_command(reader: command::Reader<'_>) -> Result<Command, WireError> {
    Ok(Command {
        path: read_text(reader.get_path()?, "Command.path")?,
        argv: read_texts(reader.get_argv()?, "Command.argv")?,
        timeout: Millis(reader.get_timeout_ms()),
    })
}

/// Writes a command.
pub fn write_command(from: &Command, mut builder: command::Builder<'_>) -> Result<(), WireError> {
    builder.set_path(checked(&from.path, "Command.path")?);
    builder.set_timeout_ms(from.timeout.0);
    let len = list_len(from.argv.len(), "Command.argv")?;
    write_texts(&from.argv, builder.init_argv(len), "Command.argv")
}

/// The healthcheck.
pub fn read_healthcheck(reader: healthcheck::Reader<'_>) -> Result<Healthcheck, WireError> {
    Ok(Healthcheck {
        key: read_text(reader.get_key()?, "Healthcheck.key")?,
        period: Millis(reader.get_period_ms()),
        max_duration: Millis(reader.get_max_duration_ms()),
    })
}

/// Writes a healthcheck.
pub fn write_healthcheck(from: &Healthcheck, mut builder: healthcheck::Builder<'_>) -> Result<(), WireError> {
    builder.set_key(checked(&from.key, "Healthcheck.key")?);
    builder.set_period_ms(from.period.0);
    builder.set_max_duration_ms(from.max_duration.0);
    Ok(())
}

/// The configuration of a component.
pub fn read_comp_config(reader: comp_config::Reader<'_>) -> Result<CompConfig, WireError> {
    Ok(CompConfig {
        dn: read_dn(reader.get_dn()?, "CompConfig.dn")?,
        category: CompCategory::from_bits(reader.get_category())
            .ok_or_else(|| WireError::number("CompConfig.category", reader.get_category()))?,
        instantiation_level: reader.get_instantiation_level(),
        instantiate: command(reader.has_instantiate(), reader.get_instantiate())?,
        terminate: command(reader.has_terminate(), reader.get_terminate())?,
        cleanup: command(reader.has_cleanup(), reader.get_cleanup())?,
        env: read_texts(reader.get_env()?, "CompConfig.env")?,
        instantiate_retries_without_delay: reader.get_instantiate_retries_without_delay(),
        instantiate_retries_with_delay: reader.get_instantiate_retries_with_delay(),
        instantiate_delay: Millis(reader.get_instantiate_delay_ms()),
        terminate_callback_timeout: Millis(reader.get_terminate_callback_timeout_ms()),
        csi_set_timeout: Millis(reader.get_csi_set_timeout_ms()),
        csi_remove_timeout: Millis(reader.get_csi_remove_timeout_ms()),
        quiescing_complete_timeout: Millis(reader.get_quiescing_complete_timeout_ms()),
        recovery_on_error: read_recovery(reader.get_recovery_on_error(), "CompConfig.recoveryOnError")?,
        disable_restart: reader.get_disable_restart(),
        healthchecks: reader
            .get_healthchecks()?
            .iter()
            .map(read_healthcheck)
            .collect::<Result<_, _>>()?,
        monitoring: read_monitoring(reader)?,
        managed_by: ManagedBy {
            proxy_csi: read_optional_dn(reader.get_proxy_csi()?, "CompConfig.proxyCsi")?,
            container_csi: read_optional_dn(reader.get_container_csi()?, "CompConfig.containerCsi")?,
            instantiate_timeout: Millis(reader.get_manager_instantiate_timeout_ms()),
            cleanup_timeout: Millis(reader.get_manager_cleanup_timeout_ms()),
        },
    })
}

/// A command that may be missing.
fn command(present: bool, command: capnp::Result<command::Reader<'_>>) -> Result<Option<Command>, WireError> {
    if present {
        read_command(command?).map(Some)
    } else {
        Ok(None)
    }
}

fn read_monitoring(reader: comp_config::Reader<'_>) -> Result<Monitoring, WireError> {
    let healthcheck = command(reader.has_healthcheck_command(), reader.get_healthcheck_command())?;
    Ok(Monitoring {
        am_start: command(reader.has_am_start(), reader.get_am_start())?,
        am_stop: command(reader.has_am_stop(), reader.get_am_stop())?,
        am_start_attempts: reader.get_am_start_attempts(),
        am_stop_attempts: reader.get_am_stop_attempts(),
        healthcheck: healthcheck.map(|command| HealthcheckCommand {
            command,
            period: Millis(reader.get_healthcheck_period_ms()),
        }),
    })
}

fn write_monitoring(from: &Monitoring, mut builder: comp_config::Builder<'_>) -> Result<(), WireError> {
    if let Some(command) = &from.am_start {
        write_command(command, builder.reborrow().init_am_start())?;
    }
    if let Some(command) = &from.am_stop {
        write_command(command, builder.reborrow().init_am_stop())?;
    }
    builder.set_am_start_attempts(from.am_start_attempts);
    builder.set_am_stop_attempts(from.am_stop_attempts);
    if let Some(check) = &from.healthcheck {
        builder.set_healthcheck_period_ms(check.period.0);
        write_command(&check.command, builder.init_healthcheck_command())?;
    }
    Ok(())
}

/// Writes the configuration of a component.
pub fn write_comp_config(from: &CompConfig, mut builder: comp_config::Builder<'_>) -> Result<(), WireError> {
    builder.set_dn(from.dn.as_str());
    builder.set_category(from.category.bits());
    builder.set_instantiation_level(from.instantiation_level);
    if let Some(command) = &from.instantiate {
        write_command(command, builder.reborrow().init_instantiate())?;
    }
    if let Some(command) = &from.terminate {
        write_command(command, builder.reborrow().init_terminate())?;
    }
    if let Some(command) = &from.cleanup {
        write_command(command, builder.reborrow().init_cleanup())?;
    }
    let len = list_len(from.env.len(), "CompConfig.env")?;
    write_texts(&from.env, builder.reborrow().init_env(len), "CompConfig.env")?;
    builder.set_instantiate_retries_without_delay(from.instantiate_retries_without_delay);
    builder.set_instantiate_retries_with_delay(from.instantiate_retries_with_delay);
    builder.set_instantiate_delay_ms(from.instantiate_delay.0);
    builder.set_terminate_callback_timeout_ms(from.terminate_callback_timeout.0);
    builder.set_csi_set_timeout_ms(from.csi_set_timeout.0);
    builder.set_csi_remove_timeout_ms(from.csi_remove_timeout.0);
    builder.set_quiescing_complete_timeout_ms(from.quiescing_complete_timeout.0);
    builder.set_recovery_on_error(from.recovery_on_error.code());
    builder.set_disable_restart(from.disable_restart);
    write_monitoring(&from.monitoring, builder.reborrow())?;
    builder.set_proxy_csi(optional_dn(from.managed_by.proxy_csi.as_ref()));
    builder.set_container_csi(optional_dn(from.managed_by.container_csi.as_ref()));
    builder.set_manager_instantiate_timeout_ms(from.managed_by.instantiate_timeout.0);
    builder.set_manager_cleanup_timeout_ms(from.managed_by.cleanup_timeout.0);
    let len = list_len(from.healthchecks.len(), "CompConfig.healthchecks")?;
    let mut list = builder.init_healthchecks(len);
    (0..)
        .zip(&from.healthchecks)
        .try_for_each(|(at, h)| write_healthcheck(h, list.reborrow().get(at)))
}

/// The configuration of an SU.
pub fn read_su_config(reader: su_config::Reader<'_>) -> Result<SuConfig, WireError> {
    Ok(SuConfig {
        dn: read_dn(reader.get_dn()?, "SuConfig.dn")?,
        su_failover: reader.get_su_failover(),
        limits: EscalationLimits {
            comp_restart_max: reader.get_comp_restart_max(),
            comp_restart_probation: Millis(reader.get_comp_restart_probation_ms()),
            su_restart_max: reader.get_su_restart_max(),
            su_restart_probation: Millis(reader.get_su_restart_probation_ms()),
        },
        comps: reader
            .get_comps()?
            .iter()
            .map(read_comp_config)
            .collect::<Result<_, _>>()?,
    })
}

/// Writes the configuration of an SU.
pub fn write_su_config(from: &SuConfig, mut builder: su_config::Builder<'_>) -> Result<(), WireError> {
    builder.set_dn(from.dn.as_str());
    builder.set_su_failover(from.su_failover);
    builder.set_comp_restart_max(from.limits.comp_restart_max);
    builder.set_comp_restart_probation_ms(from.limits.comp_restart_probation.0);
    builder.set_su_restart_max(from.limits.su_restart_max);
    builder.set_su_restart_probation_ms(from.limits.su_restart_probation.0);
    let mut list = builder.init_comps(list_len(from.comps.len(), "SuConfig.comps")?);
    (0..)
        .zip(&from.comps)
        .try_for_each(|(at, c)| write_comp_config(c, list.reborrow().get(at)))
}
