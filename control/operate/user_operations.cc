#include "control/operate/user_operations.h"

#include <utility>

#include "control/base/unix_time.h"

namespace axfrd::control {

namespace {

Act user_act(const Principal& who, const char* verb, const std::string& name) {
  return Context::act(who, verb, {.kind = "settings"}, "user", name);
}

Failure no_such_user(const std::string& name) { return {FailureCode::failed, "there is no user " + name}; }

Failure too_many_passwords() {
  return {FailureCode::stopping, "too many passwords are being checked; try again in a few seconds"};
}

}  // namespace

void UserOperations::hash(std::optional<std::string> password, const Done<Hashed>& done) const {
  const Done<Hashed> next = context_.in_loop(done);
  const auto work = [password = std::move(password), next] {
    try {
      if (password) check_password(*password);
      const std::string drawn = password ? std::string() : draw_password();
      next(Hashed{hash_password(password.value_or(drawn)), drawn});
    } catch (const std::invalid_argument& error) {
      next(Failure{FailureCode::bad_request, error.what()});
    } catch (const std::exception& error) {
      next(Failure{FailureCode::failed, reason_of(error)});
    }
  };
  if (!context_.server().passwords.run(work)) next(too_many_passwords());
}

void UserOperations::add(const Principal& who, const AddUser& request, const Done<PasswordSet>& done) {
  const Act act = user_act(who, "user.add", request.name);
  if (auto failure = context_.refuse(who, Role::admin, act)) return done(std::move(*failure));
  if (!request.password) {
    if (auto failure = context_.refuse_secret(who, act)) return done(std::move(*failure));
  }
  const auto taken = [](const std::string& name) {
    return Failure{FailureCode::conflict,
                   "there is a user " + name + " already; user password gives them another password"};
  };
  if (context_.server().settings.get()->user(request.name)) {
    context_.record_failure(act, taken(request.name).reason);
    return done(taken(request.name));
  }
  const auto add = [this, act, request, taken, done](Outcome<Hashed> outcome) {
    if (auto* failure = std::get_if<Failure>(&outcome)) return done(std::move(*failure));
    const auto& [hash, drawn] = std::get<Hashed>(outcome);
    const auto fresh = std::make_shared<const User>(
        User{.name = request.name,
             .hash = hash,
             .role = request.role,
             .zones = request.zones.empty() ? std::vector<std::string>{"*"} : request.zones,
             .created = unix_time(),
             .changed = unix_time()});
    const auto edit = [fresh, taken](const UserRef& current) -> Outcome<UserRef> {
      if (current == nullptr) return fresh;
      return taken(fresh->name);
    };
    using Changed = Committer::UserChanged;
    const auto added = [this, act, fresh, drawn = drawn, done](Outcome<Changed> stored) {
      if (auto* failure = std::get_if<Failure>(&stored)) return done(std::move(*failure));
      context_.record_change(act, std::string("added, ") + to_text(fresh->role));
      done(PasswordSet{fresh, drawn});
    };
    context_.server().committer.change_user(request.name, edit, context_.recorded<Changed>(act, added));
  };
  hash(request.password, add);
}

Outcome<std::vector<UserRef>> UserOperations::list(const Principal& who) const {
  if (auto failure = Context::refuse(who, Role::admin)) return std::move(*failure);
  std::vector<UserRef> users;
  for (const auto& [name, user] : *context_.server().settings.get()->users) users.push_back(user);
  return users;
}

void UserOperations::remove(const Principal& who, const std::string& name, Done<UserRef> done) {
  const Act act = user_act(who, "user.remove", name);
  if (auto failure = context_.refuse(who, Role::admin, act)) return done(std::move(*failure));
  const auto edit = [name](const UserRef& current) -> Outcome<UserRef> {
    if (current == nullptr) return no_such_user(name);
    return UserRef();
  };
  using Changed = Committer::UserChanged;
  const auto removed = [this, act, done = std::move(done)](Outcome<Changed> outcome) {
    if (auto* failure = std::get_if<Failure>(&outcome)) return done(std::move(*failure));
    context_.record_change(act, "removed");
    done(std::get<Changed>(outcome).before);
  };
  context_.server().committer.change_user(name, edit, context_.recorded<Changed>(act, removed));
}

void UserOperations::store_password(const Act& act, const std::string& name, std::optional<std::string> password,
                                    const Done<PasswordSet>& done) {
  const auto set = [this, act, name, done](Outcome<Hashed> outcome) {
    if (auto* failure = std::get_if<Failure>(&outcome)) return done(std::move(*failure));
    const auto& [hash, drawn] = std::get<Hashed>(outcome);
    const auto edit = [name, hash = hash](const UserRef& current) -> Outcome<UserRef> {
      if (current == nullptr) return no_such_user(name);
      auto next = std::make_shared<User>(*current);
      next->hash = hash;
      next->changed = unix_time();
      return UserRef(std::move(next));
    };
    using Changed = Committer::UserChanged;
    const auto changed = [this, act, drawn = drawn, done](Outcome<Changed> stored) {
      if (auto* failure = std::get_if<Failure>(&stored)) return done(std::move(*failure));
      context_.record_change(act, "another password");
      done(PasswordSet{std::get<Changed>(stored).after, drawn});
    };
    context_.server().committer.change_user(name, edit, context_.recorded<Changed>(act, changed));
  };
  hash(std::move(password), set);
}

void UserOperations::set_password(const Principal& who, const std::string& name, std::optional<std::string> password,
                                  const Done<PasswordSet>& done) {
  const Act act = user_act(who, "user.password", name);
  if (auto failure = context_.refuse(who, Role::admin, act)) return done(std::move(*failure));
  if (!password) {
    if (auto failure = context_.refuse_secret(who, act)) return done(std::move(*failure));
  }
  if (!context_.server().settings.get()->user(name)) {
    context_.record_failure(act, no_such_user(name).reason);
    return done(no_such_user(name));
  }
  store_password(act, name, std::move(password), done);
}

void UserOperations::change_own(const Principal& who, const UserRef& user, const std::string& old,
                                const std::string& password, const Done<PasswordSet>& done) {
  const Act act = user_act(who, "user.password", user->name);
  if (auto failure = context_.refuse_standby()) return done(std::move(*failure));
  authenticate(user->name, old, [this, act, password, name = user->name, done](Outcome<UserRef> outcome) {
    if (auto* failure = std::get_if<Failure>(&outcome)) return done(std::move(*failure));
    if (std::get<UserRef>(outcome)) return store_password(act, name, password, done);
    Failure wrong{FailureCode::forbidden, "the present password is another one"};
    context_.record_failure(act, wrong.reason);
    done(std::move(wrong));
  });
}

void UserOperations::authenticate(const std::string& name, std::string password, const Done<UserRef>& done) const {
  UserRef user = context_.server().settings.get()->user(name);
  if (user && user->kept) user = nullptr;
  const auto work = [user, password = std::move(password), done = context_.in_loop<UserRef>(done)] {
    try {
      done(is_password(user ? user->hash : std::string(), password) ? user : nullptr);
    } catch (const std::exception& error) {
      done(Failure{FailureCode::failed, reason_of(error)});
    }
  };
  if (!context_.server().passwords.run(work)) done(too_many_passwords());
}

}  // namespace axfrd::control
